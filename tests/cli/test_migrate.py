"""`sarslide migrate`: what it prints and does, and how it refuses."""

import shutil
from pathlib import Path

import pytest

from sarslide import cli, exit_codes
from sarslide.schedule import lock

INVENTORY = Path(__file__).parents[1] / "data/format1/inventory"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A working folder with the release of an older version and one of its rasters."""
    results = tmp_path / "results/valley"
    shutil.copytree(INVENTORY, results / "inventory")
    raster = results / "A128/native/ifg/20190306_20190318.cor.tif"
    raster.parent.mkdir(parents=True)
    raster.write_bytes(bytes(3_000_000))
    return tmp_path


def migrate(folder: Path, *options: str) -> int | None:
    with pytest.raises(SystemExit) as end:
        cli.main(["migrate", "valley", "-C", str(folder), *options])
    return end.value.code


def test_it_states_what_stays_and_what_is_moved(folder, capsys):
    assert not migrate(folder, "--dry-run")
    assert (folder / "results/valley/A128/native").is_dir()
    told = capsys.readouterr().out
    assert "1 release stays byte for byte" in told
    assert "0.003 GB  A128/native, to move to" in told and "format 1 becomes 2; next: sarslide run valley" in told
    assert not migrate(folder)
    assert "A128/native, moved to" in capsys.readouterr().out
    assert (folder / "results/valley/superseded/A128/native").is_dir()
    assert not migrate(folder, "--remove-old")
    told = capsys.readouterr().out
    assert "0.003 GB  superseded, deleted" in told and "format 2: nothing to migrate" in told
    assert not (folder / "results/valley/superseded").exists()


def test_one_call_takes_over_and_deletes(folder, capsys):
    assert not migrate(folder, "--remove-old")
    assert "A128/native, deleted" in capsys.readouterr().out
    assert sorted(path.name for path in (folder / "results/valley").iterdir()) == ["A128", "inventory"]


def test_it_refuses_with_one_coded_line(folder, tmp_path_factory, capsys):
    (folder / "results/valley/inventory/FORMAT").write_text("7\n")
    assert migrate(folder) == exit_codes.REFUSED
    assert migrate(tmp_path_factory.mktemp("empty")) == exit_codes.REFUSED
    with pytest.raises(SystemExit) as end:
        cli.main(["migrate", "nowhere", "-C", str(folder)])
    assert end.value.code == exit_codes.REFUSED
    lines = capsys.readouterr().err.splitlines()
    assert [line[:5] for line in lines] == ["E1010", "E1010", "E1001"] and all("; cure: " in line for line in lines)


@pytest.mark.parametrize("command", ["update", "preflight", "plan", "run", "resume", "schedule", "score", "report"])
def test_until_then_every_command_refuses(folder, command, capfd):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "valley", "-C", str(folder)])
    assert end.value.code == exit_codes.REFUSED
    assert "E1010" in capfd.readouterr().err
    assert not (folder / ".snakemake").exists()


def test_it_waits_for_no_other_run(folder, capsys):
    with lock.held(folder):
        assert migrate(folder) == exit_codes.LOCKED
    assert (folder / "results/valley/A128/native").is_dir()
