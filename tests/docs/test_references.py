"""Pages, code and configuration refer only to what a reader of this repository has."""

import re
from pathlib import Path

from tests.docs.texts import ABSENT, REPOSITORY, texts

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[\w-]+)?\)")
NAMED = re.compile(r"\bdocs/[\w/.-]+\.(?:md|png|json)\b")


def test_no_text_refers_to_a_document_that_is_not_here():
    found = [
        f"{path}: {match[0]}"
        for path, text in texts()
        if path != Path("tests/docs/texts.py") and str(path) != "studies/structure/code.py"  # which counts them
        for match in ABSENT.finditer(text)
    ]
    assert not found


def test_links_of_the_pages_lead_somewhere():
    pages = [path for path, _ in texts() if path.suffix == ".md"]
    assert len(pages) > 8
    missing = [
        f"{page}: {target}"
        for page in pages
        for target in LINK.findall((REPOSITORY / page).read_text())
        if not (REPOSITORY / page.parent / target).exists()
    ]
    assert not missing


def test_pages_that_code_names_exist():
    missing = {
        f"{path}: {name}" for path, text in texts() for name in NAMED.findall(text) if not (REPOSITORY / name).exists()
    }
    assert not missing
