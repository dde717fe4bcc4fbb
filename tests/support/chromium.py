"""A page as headless Chromium shows it, without a network."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sarslide.report import beside


def dom_of(folder: Path, html: str, files: Mapping[str, bytes] | None = None) -> str:
    """The elements of a page in a folder once its scripts have run; `files` lie beside it.

    The test is skipped where there is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    path = folder / "report.html"
    path.write_text(html)
    if files:
        (folder / beside.FOLDER).mkdir()
        for name, content in files.items():
            (folder / beside.FOLDER / name).write_bytes(content)
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}"]
    command += ["--virtual-time-budget=6000", "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def body_of(dom: str) -> str:
    """The opening tag of the body, where the script of a test leaves what it saw."""
    found = re.search(r"<body[^>]*>", dom)
    assert found
    return found.group(0)
