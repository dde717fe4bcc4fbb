"""Cores, memory, GPU, folders, file system and disk of a machine, whatever it is."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from sarslide.preflight import machine
from sarslide.preflight.finding import GOOD, NOTE, WARNING, errors

Usage = namedtuple("Usage", "total used free")
LINUX = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
tmpfs /home/me/fast\\040disk tmpfs rw 0 0
"""
MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
//me@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by me)
"""


@pytest.mark.parametrize(
    ("folder", "mounts", "kind"),
    [
        ("/opt/x", LINUX, "ext4"),
        ("/home/me/work", LINUX, "nfs4"),
        ("/home/me/fast disk/a", LINUX, "tmpfs"),
        ("/homeless", LINUX, "ext4"),
        ("/Volumes/share/work", MACOS, "smbfs"),
        ("/opt", MACOS, "apfs"),
        ("/opt", "", ""),
        ("/opt", "nonsense\n\non /", ""),
    ],
)
def test_the_kind_of_a_file_system(folder, mounts, kind):
    assert machine.file_system(machine.Path(folder), mounts) == kind


def test_the_real_file_system_is_known(tmp_path):
    assert machine.file_system(tmp_path) and machine.file_system(tmp_path) not in machine.NETWORK


def test_a_network_file_system_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "file_system", lambda folder: "nfs4")
    assert [(one.level, bool(one.cure)) for one in machine.folders(tmp_path)] == [(GOOD, False), (NOTE, True)]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "results").touch()  # a file in its place
    found = machine.folders(tmp_path)
    assert [(one.check, one.code) for one in errors(found)] == [("folder results", "E1007")]
    assert not any(one.check == "folders" for one in found)
    assert not (tmp_path / "resources").exists()


def test_cores_and_memory_of_a_container(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CORES_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr(machine, "MEMORY_LIMIT", tmp_path / "memory.max")
    whole, memory = machine.cores(), machine.memory_bytes()
    assert 1 <= whole <= os.cpu_count() and memory > 1e8
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert (machine.cores(), machine.memory_bytes()) == (whole, memory)
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("104857600\n")
    assert (machine.cores(), machine.memory_bytes()) == (1, 104857600)


def test_a_system_without_affinity_and_pages(monkeypatch):
    """As on macOS and others."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(machine, "CORES_LIMIT", machine.Path("/none"))
    assert machine.cores() == 8

    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", unknown)
    assert machine.memory_bytes() is None
    assert [one.level for one in machine.hardware()][:2] == [GOOD, NOTE]


def test_more_cores_than_memory(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 64)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 16e9)
    memory = machine.hardware()[1]
    assert (memory.level, memory.cure) == (NOTE, "run with --cores 16")
    monkeypatch.setattr(machine, "memory_bytes", lambda: 640e9)
    assert machine.hardware()[1].level == GOOD


def test_the_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "DRIVERS", ())
    assert machine.gpu().found == "no driver: everything runs on the processor"
    monkeypatch.setattr(machine, "DRIVERS", (str(tmp_path),))
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'NVIDIA H200, 143771 MiB'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(machine, "built_for", lambda: "for processors only")
    assert (machine.gpu().level, bool(machine.gpu().cure)) == (NOTE, True)
    monkeypatch.setattr(machine, "built_for", lambda: "for CUDA 12.4")
    assert machine.gpu().found == "NVIDIA H200, 143771 MiB; torch is built for CUDA 12.4"
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    assert machine.gpu().level == GOOD and str(tmp_path) in machine.gpu().found


def test_disk_without_a_region(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**9))
    (full,) = machine.disk(tmp_path)
    assert (full.level, full.code) == (WARNING, "E1007") and "1 GB free of 1e+03" in full.found
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**11))
    assert machine.disk(tmp_path)[0].level == GOOD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cuda: Optional[str] = '12.4'\nhip: Optional[str] = None\n", "for CUDA 12.4"),
        ("cuda = None\nhip = '6.2.4'\n", "for ROCm 6.2.4"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", "for processors only"),
    ],
)
def test_what_torch_is_built_for(text, words, tmp_path, monkeypatch):
    """Of the files as torch 2 writes them; torch is not imported."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "torch/version.py").write_text(text)
    code = "from sarslide.preflight.machine import built_for; print(built_for())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout == f"{words}\n", done.stderr
