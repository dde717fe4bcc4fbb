"""Checks of this machine: versions of what decides numbers, GPU, cores, memory, folders, disk."""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from sarslide.config import Config
from sarslide.device import DRIVERS
from sarslide.errors import OutputError
from sarslide.insar.engines import ENGINES
from sarslide.io.atomic import check_writable
from sarslide.preflight.finding import ERROR, GOOD, NOTE, WARNING, Finding, of_error, tried
from sarslide.rates.methods import METHODS

# Of a control group, such as a container's; absent on most machines.
CORES_LIMIT, MEMORY_LIMIT = Path("/sys/fs/cgroup/cpu.max"), Path("/sys/fs/cgroup/memory.max")
MOUNTS = Path("/proc/self/mounts")  # Linux; elsewhere the command `mount` lists the same
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "afpfs", "ceph", "lustre", "gpfs", "beegfs", "9p", "webdav"}
MIN_JOB_BYTES = 1e9  # of memory: jobs of the demo take up to 0.8 GB
MIN_FREE_BYTES = 4e9  # of disk: the demo takes 3.1 GB
LIMIT_S = 5
PACKAGES = ("snakemake", "torch", "numpy", "rasterio", "whirlwind-insar", "snaphu", "mintpy")


def versions() -> list[Finding]:
    """Python and the packages that decide numbers; absent ones by name."""
    found = [f"python {sys.version.split()[0]}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    return [Finding("versions", NOTE, ", ".join(found))]


def unwrapper(config: Config, conda: bool = False) -> list[Finding]:
    """Whether the unwrapper's package is there, for regions whose pairs are unwrapped here.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    conda : bool, default False
        Whether environments bring the packages.

    Returns
    -------
    list of Finding
        One finding, or none.
    """
    wanted = METHODS[config.rates.method].has_rates or config.rates.dinsar
    if conda or ENGINES[config.engine].unwraps or not wanted:
        return []
    package = {"whirlwind": "whirlwind-insar", "snaphu": "snaphu"}[config.interferogram.unwrapper]
    try:
        return [Finding("unwrapper", GOOD, f"{package} {version(package)}")]
    except PackageNotFoundError:
        return [Finding("unwrapper", ERROR, f"{package} is not installed", "E3009", f"pip install {package}")]


def device(config: Config) -> list[Finding]:
    """The GPU that steps set to cuda need, or that those set to auto take.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a setting, the strictest first.
    """
    from sarslide.device import choose_device

    settings = {f"{name}.device": getattr(config, name).device for name in ("slc", "sbas", "segmentation")}
    keys = {name: ", ".join(key for key, value in settings.items() if value == name) for name in set(settings.values())}

    def chosen(name: str) -> str:
        if choose_device(name, keys[name]) == "cpu":
            return f"no GPU is used (device {name})"
        import torch

        return torch.cuda.get_device_name()

    # One line for each setting, the strictest first.
    return [tried(f"device {keys[name]}", partial(chosen, name)) for name in sorted(keys, reverse=True)]


def hardware() -> list[Finding]:
    """Cores, memory and GPU, without loading torch.

    Returns
    -------
    list of Finding
        Notes with a cure where they are few, little or of no use.
    """
    number, limit = cores(), memory_bytes()
    found = [Finding("cores", GOOD, f"{number} usable of {os.cpu_count()}")]
    if limit is None:
        found.append(Finding("memory", NOTE, "not known on this system"))
    elif limit < number * MIN_JOB_BYTES:
        fitting = max(1, int(limit / MIN_JOB_BYTES))
        found.append(
            Finding("memory", NOTE, f"{limit / 1e9:.3g} GB for {number} cores", "", f"run with --cores {fitting}")
        )
    else:
        found.append(Finding("memory", GOOD, f"{limit / 1e9:.3g} GB"))
    return [*found, gpu()]


def cores() -> int:
    """Cores that this process may use.

    Returns
    -------
    int
        At least 1; no more than a control group grants.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    number = len(affinity(0)) if affinity else os.cpu_count() or 1
    if CORES_LIMIT.is_file():
        quota, period = CORES_LIMIT.read_text().split()
        number = min(number, max(1, int(quota) // int(period))) if quota != "max" else number
    return number


def memory_bytes() -> float | None:
    """Memory of the machine, or of the control group that this process is in.

    Returns
    -------
    float or None
        Bytes; None where the system does not tell.
    """
    try:
        found = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
    if MEMORY_LIMIT.is_file() and (text := MEMORY_LIMIT.read_text().strip()) != "max":
        return min(found, float(text))
    return found


def gpu() -> Finding:
    """The GPUs that the driver lists; whether torch can use them only `device` knows.

    Returns
    -------
    Finding
        A note where there is none.
    """
    driver = next((path for path in DRIVERS if Path(path).exists()), "")
    if not driver:
        return Finding("GPU", NOTE, "no driver: everything runs on the processor")
    if "CUDA" not in (build := built_for()) and "ROCm" not in build:
        cure = "install a torch with CUDA: https://pytorch.org/get-started/locally"
        return Finding("GPU", NOTE, f"a driver is there, but torch is built {build}", "", cure)
    return Finding("GPU", GOOD, f"{_listed_gpus() or driver}; torch is built {build}")


def built_for() -> str:
    """What the installed torch computes on, from its file of versions.

    Importing torch would take seconds.

    Returns
    -------
    str
        Such as `for CUDA 12.4`, or `for processors only`.
    """
    found = find_spec("torch")
    text = Path(found.origin).with_name("version.py").read_text() if found and found.origin else ""
    for name, title in (("cuda", "CUDA"), ("hip", "ROCm")):
        if match := re.search(rf"^{name}\b.*= '(.+)'", text, flags=re.M):
            return f"for {title} {match[1]}"
    return "for processors only"


def _listed_gpus() -> str:
    """Names and memory of NVIDIA's GPUs; empty where its command does not answer."""
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(line.strip() for line in answer.splitlines())


def folders(folder: Path) -> list[Finding]:
    """Whether the folders of a run can be written, and on which kind of file system they lie.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of Finding
        An error for each that cannot be written.
    """
    names = ("resources", "results", "logs", ".snakemake")
    tries = [tried(f"folder {name}", partial(_writable, folder / name)) for name in names]
    wrong = [one for one in tries if one.level == ERROR]
    kind = file_system(folder)
    if kind in NETWORK:
        cure = "nothing where it is fast; else add `-- --latency-wait 60`, or run with --directory on a local disk"
        system = Finding("file system", NOTE, f"{kind}: files of one machine appear late on others", "", cure)
    else:
        system = Finding("file system", GOOD, kind or "not known on this system")
    return [*(wrong or [Finding("folders", GOOD, f"{folder.resolve()} is writable")]), system]


def _writable(folder: Path) -> str:
    check_writable(folder)
    return str(folder)


def file_system(folder: Path, mounts: str | None = None) -> str:
    """Kind of the file system that a folder lies on.

    Parameters
    ----------
    folder : Path
        The folder.
    mounts : str, optional
        What is mounted, as /proc/self/mounts or the command `mount` lists it; that of this machine
        where it is left out.

    Returns
    -------
    str
        Such as `ext4`, `nfs4`, `apfs`; empty where it is not known.
    """
    text = _mounts() if mounts is None else mounts
    found = {}
    for line in text.splitlines():
        words = line.split(" on ", 1)[1].split(" (") if " on /" in line and "(" in line else line.split()[1:3]
        if len(words) == 2:
            found[words[0].replace("\\040", " ")] = words[1].split(",")[0].rstrip(")")
    place = folder.resolve()
    return next((found[str(path)] for path in (place, *place.parents) if str(path) in found), "")


def _mounts() -> str:
    try:
        if MOUNTS.is_file():
            return MOUNTS.read_text()
        return subprocess.run(["mount"], capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def disk(folder: Path) -> list[Finding]:
    """Free space, where no region tells how much is needed.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of Finding
        A warning where not even the demo fits.
    """
    space = shutil.disk_usage(folder)
    text = f"{space.free / 1e9:.3g} GB free of {space.total / 1e9:.3g} at {folder.resolve()}"
    if space.free < MIN_FREE_BYTES:
        return [
            of_error("disk", OutputError(f"{text}: the demo takes 3.1", "free space, or run with --directory"), WARNING)
        ]
    return [Finding("disk", GOOD, text)]
