"""`sarslide doctor`: the machine alone, a region that lacks nothing or something, bad input."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from sarslide import cli, exit_codes
from sarslide.preflight import online
from sarslide.preflight.finding import GOOD, Finding

SECRET = "tok3n-that-nobody-sees"


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["doctor", *map(str, words)])
    return end.value.code or 0


def findings(capsys) -> dict[str, dict[str, str]]:
    return {one["check"]: one for one in json.loads(capsys.readouterr().out)}


@pytest.fixture(autouse=True)
def no_login(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path_factory.mktemp("home") / "netrc"))


def test_the_machine_alone(tmp_path, capsys):
    assert ended("-C", tmp_path, "--json") == 0
    found = findings(capsys)
    expected = {
        "sarslide",
        "workflow",
        "python",
        "packages",
        "torch",
        "GDAL",
        "PROJ",
        "logins",
        "tool isce2",
        "tool git",
    }
    assert expected | {"cores", "memory", "GPU", "folders", "file system", "disk"} <= set(found)
    assert "region" not in found and {one["level"] for one in found.values()} <= {"good", "note", "warning"}
    assert not list(tmp_path.iterdir())


def test_a_region_that_lacks_nothing(tmp_path, capsys):
    assert ended("valley", "-C", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "valley: source simulated, engine native, method stacking" in lines[0]
    assert any(line.split()[1] == "disk" and " GB in all" in line for line in lines)
    assert lines[-1].startswith("0 errors") and not list(tmp_path.iterdir())


def test_the_region_of_config_yaml(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("region: valley\n")
    assert ended("-C", tmp_path, "--json") == 0
    assert findings(capsys)["region"]["found"].startswith("valley:")


@pytest.fixture(autouse=True)
def roomy(monkeypatch):
    """A disk on which every region has room, whatever this machine has."""
    space = SimpleNamespace(total=2e13, used=1e13, free=1e13)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: space)


def test_what_a_region_lacks(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TOKEN", SECRET)
    region = ["valley", "--set", "engine=snap", "-C", tmp_path]
    assert ended(*region) == exit_codes.REFUSED
    assert "error   E3009  tool gpt" in capsys.readouterr().out
    assert ended("california", "-C", tmp_path, "--json") == exit_codes.REFUSED
    account = findings(capsys)["account Earthdata"]
    assert (account["level"], account["code"]) == ("error", "E2003") and account["cure"]
    assert ended("california", "-C", tmp_path, "--set", "retrieve.earthdata=env:TOKEN", "--json") == 0
    text = capsys.readouterr().out
    assert "env:TOKEN" in text and SECRET not in text


def test_files_alone_need_no_forecast(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SARSLIDE_REAL_DATA", str(tmp_path))
    assert ended("mexico_city", "-C", tmp_path, "--json") == exit_codes.REFUSED
    found = findings(capsys)
    assert {name for name, one in found.items() if one["level"] == "error"} == {"input files.folder"}
    assert "GB free" in found["disk"]["found"]


def test_a_scene_table_that_is_broken(tmp_path, capsys):
    (tmp_path / "resources/zhongxinrong").mkdir(parents=True)
    (tmp_path / "resources/zhongxinrong/scenes.csv").write_text("nothing\n1\n")
    assert ended("zhongxinrong", "-C", tmp_path, "--json") == exit_codes.REFUSED
    assert findings(capsys)["scene table"]["code"] == "E1008"


def test_archives_are_asked_only_with_a_login(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(online, "archive", lambda *_: asked.append("archive") or [Finding("archive asf", GOOD, "")])
    monkeypatch.setattr(online, "dem", lambda *_: asked.append("dem") or [Finding("DEM tiles", GOOD, "")])
    assert ended("california", "-C", tmp_path) == exit_codes.REFUSED and not asked
    assert ended("california", "-C", tmp_path, "--online") == exit_codes.REFUSED and asked == ["dem"]
    monkeypatch.setenv("TOKEN", SECRET)
    assert ended("california", "-C", tmp_path, "--set", "retrieve.earthdata=env:TOKEN", "--online") == 0
    assert asked == ["dem", "archive", "dem"] and "archive asf" in capsys.readouterr().out


def test_the_gpu_is_asked_where_it_is_chosen(tmp_path, monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert ended("valley", "-C", tmp_path, "--set", "slc.device=cuda", "--json") == exit_codes.REFUSED
    assert findings(capsys)["device slc.device"]["code"] == "E1001"
    assert ended("valley", "-C", tmp_path, "--gpu", "--json") == 0
    assert any(name.startswith("device ") for name in findings(capsys))


def test_torch_is_not_loaded(tmp_path):
    code = (
        "import atexit, sys; from sarslide import cli\n"
        "atexit.register(lambda: print('torch' in sys.modules)); cli.main(['doctor', 'valley'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["atlantis"], "'atlantis'"),
        (["valley", "--set", "rates.metod=sbas"], "'rates.metod'"),
        (["valley", "-C", "nowhere"], "nowhere"),
        (["-C", "nowhere"], "nowhere"),
        (["-C", "broken"], "config.yaml"),
        (["--online"], "--online"),
        (["--gpu"], "--gpu"),
    ],
)
def test_bad_input_is_one_coded_line(words, named, tmp_path, monkeypatch, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.yaml").write_text("rates: {method: [\n")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    assert ended(*words) == exit_codes.REFUSED
    shown = capsys.readouterr()
    (text,) = shown.err.strip().splitlines()
    assert text.startswith("E1001 ") and "; cure: " in text and named in text and not shown.out
    assert sorted(tmp_path.rglob("*")) == before
