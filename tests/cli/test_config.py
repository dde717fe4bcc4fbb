"""`sarslide config`: the defaults outside of a working folder, values inside, bad input."""

import pytest

from sarslide import cli, exit_codes


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["config", *words])
    return end.value.code or 0


def test_outside_of_a_working_folder_only_defaults_are_known(tmp_path, capsys):
    assert ended("rates.method", "-C", str(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "default   stacking" in text and "\n  here " not in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["--region", "zhouqu"], ["--set", "rates.atmosphere=filter"]])
def test_a_region_or_a_value_shows_what_is_set(words, tmp_path, capsys):
    assert ended("rates.atmosphere", *words, "-C", str(tmp_path)) == 0
    assert "here      filter, from " in capsys.readouterr().out


def test_config_yaml_is_read(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("rates: {method: sbas}\n")
    assert ended("rates.method", "-C", str(tmp_path)) == 0
    assert "here      sbas, from config.yaml" in capsys.readouterr().out


def test_everything_as_yaml(tmp_path, capsys):
    assert ended("--show", "--region", "zhouqu", "-C", str(tmp_path)) == 0
    assert "region: zhouqu\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["rates.metod"], "did you mean rates.method"),
        (["rates", "--region", "atlantis"], "'atlantis'"),
        (["rates", "--set", "rates.metod=sbas"], "'rates.metod'"),
        (["rates", "--set", "rates.method"], "rates.method"),
        (["rates", "-C", "nowhere"], "nowhere"),
        (["rates", "-C", "broken"], "config.yaml"),
        (["rates", "-C", "binary"], "config.yaml"),
        (["rates", "--configfile", "none.yaml"], "none.yaml"),
    ],
)
def test_bad_input_is_one_coded_line(words, named, tmp_path, monkeypatch, capsys):
    for name, content in {"broken": b"rates: {method: [\n", "binary": b"\xff\xfe\x00"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    assert ended(*words) == exit_codes.REFUSED
    shown = capsys.readouterr()
    (text,) = shown.err.strip().splitlines()
    assert text.startswith("E1001 ") and "; cure: " in text and named in text and not shown.out
    assert sorted(tmp_path.rglob("*")) == before
