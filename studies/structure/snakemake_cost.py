"""Snakemake in a process that writes down what it used: `snakemake_cost.py OUT SOURCE ...`."""

import atexit
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

KB = 1024


def valley(checkout: Path) -> str:
    """Name of the drawn valley in a checkout: `demo`, before the demo moved to real ground."""
    return "valley" if (checkout / "src/sarslide/regions/valley.yaml").is_file() else "demo"


def used(who: int) -> float:
    """User and system CPU seconds of this process or of its ended children."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run Snakemake with the arguments after the first two.

    These are the file for what it used, and the source folder of the checkout.
    """
    out, source, *arguments = sys.argv[1:]
    # Of another checkout, nothing of ours may be found: Snakemake looks for plugins on the whole
    # path.
    sys.path[:] = [folder for folder in sys.path if folder == source or not (Path(folder) / "sarslide").is_dir()]
    from snakemake.cli import main as snakemake

    atexit.register(write_cost, Path(out), time.monotonic())
    snakemake(arguments)


def write_cost(out: Path, start: float) -> None:
    """Write down what the process used: as an exit function, after its last thread has ended."""
    cost = {
        "main_cpu_s": used(resource.RUSAGE_SELF),
        "jobs_and_children_cpu_s": used(resource.RUSAGE_CHILDREN),
        "wall_s": time.monotonic() - start,
        "main_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KB / 1e6,
    }
    out.write_text(json.dumps(cost))


def run(checkout: Path, folder: Path, *arguments: str, snakefile: Path | None = None) -> tuple[dict[str, float], str]:
    """Snakemake of a checkout in a working folder: its cost, and what it printed.

    snakefile: another one than the checkout's. Ends this study where Snakemake fails.
    """
    out, console = folder / "cost.json", folder / "console.log"
    environment = os.environ | {"PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, __file__, str(out), str(checkout / "src")]
    command += ["--snakefile", str(snakefile or checkout / "Snakefile")]
    with open(console, "w") as stream:
        done = subprocess.run(
            [*command, "--directory", str(folder), *arguments],
            cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
    text = console.read_text(errors="replace")
    if done.returncode:
        raise SystemExit(f"{checkout}: {' '.join(arguments)} ended with {done.returncode}\n{text[-3000:]}")
    return json.loads(out.read_text()), text


if __name__ == "__main__":
    main()
