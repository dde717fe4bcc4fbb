"""Every broken interferogram of another processor ends in one coded line, or is read as it was."""

import pytest

from tests.hostile.files_cases import cases, real_cases
from tests.hostile.support import checked

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def test_files(tmp_path, monkeypatch):
    monkeypatch.delenv("SARSLIDE_REAL_DATA", raising=False)
    checked(cases, tmp_path, 85)


def test_real_files(tmp_path, shipped_data):
    checked(lambda folder: real_cases(folder / "real", shipped_data), tmp_path, 69)
