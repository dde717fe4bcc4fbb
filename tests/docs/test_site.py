"""The site builds without a warning and fetches nothing from elsewhere."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.texts import REPOSITORY

FETCHED = re.compile(r"<(?:script|img|link|source|iframe)\b[^>]*?\b(?:src|href)=[\"']?(https?://[^\"' >]+)")


@pytest.mark.slow
def test_the_site_builds_strict_and_offline(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    pages = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.html")}
    assert len(pages) > 30
    assert {page: found for page, text in pages.items() if (found := FETCHED.findall(text))} == {}
    assert "open_products" in (tmp_path / "reference/api/products.html").read_text()
