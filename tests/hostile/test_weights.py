"""Every broken weights file or checkpoint ends in one coded line, and runs nothing."""

from tests.hostile.support import checked
from tests.hostile.weights_cases import cases


def test_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checked(cases, tmp_path, 110)
    assert not (tmp_path / "trap").exists()
