"""README is short; version and date of a release are the same wherever they stand."""

import re

import yaml

from sarslide import __version__
from tests.docs.texts import ID, REPOSITORY

README = (REPOSITORY / "README.md").read_text()


def test_readme_is_short_and_has_no_codes_of_papers():
    lines = README.splitlines()
    assert len(lines) <= 90 and max(map(len, lines)) <= 110
    assert not re.findall(r"\bP[0-4]\b", README) and not ID.findall(README)


def test_version_and_date_agree():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    heading = re.search(r"^## \[([\d.]+)\] - ([\d-]+)$", (REPOSITORY / "CHANGELOG.md").read_text(), re.M)
    assert heading
    assert citation["version"] == heading[1] == __version__
    assert str(citation["date-released"]) == heading[2]
