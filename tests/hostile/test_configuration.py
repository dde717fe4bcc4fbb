"""Every broken configuration ends in one coded line, and no secret of it is shown."""

from tests.hostile.configuration_cases import cases
from tests.hostile.support import SECRET, checked


def test_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checked(cases, tmp_path, 150)
    assert not (tmp_path / SECRET).exists()
