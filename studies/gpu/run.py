"""Parts that need a GPU, one after another, each with a record of its own.

    studies/gpu.sh --carried FOLDER --out RECORDS
    studies/gpu.sh --carried FOLDER --out RECORDS --parts checks weights --minutes 12
    studies/gpu.sh --carried FOLDER --out RECORDS --device cpu --smallest

FOLDER: of `studies.gpu.prepare`. A part whose record stands in RECORDS is not run again; one that
fails, or takes more than ten minutes, has a record that says so and is run again by the next call.
After --minutes no further part begins. Ends with 1 where a check of CUDA did not hold or a part
failed.
"""

import argparse
import json
import logging
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from sarslide.io.sidecar import read_json, write_json
from studies.gpu import checks, learning
from studies.gpu.carried import read_plan

LIMIT_S = 590  # of a part
KINDS = ("checks", "weights", "benchmark")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _arguments(arguments)
    logging.getLogger("torch").setLevel(logging.ERROR)
    device = chosen.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen.out.mkdir(parents=True, exist_ok=True)
    begun, failed = time.monotonic(), []
    for part in read_plan(chosen.carried):
        path = record_path(chosen.out, part["name"])
        if part["kind"] not in chosen.parts or _is_done(path, chosen.smallest):
            continue
        if chosen.minutes and time.monotonic() - begun > 60 * chosen.minutes:
            print(f"{part['name']} and what follows: no time left", flush=True)
            break
        record = run_part(chosen.carried, chosen.out, part, device, chosen.smallest)
        write_json(path, record)
        print(f"{part['name']}: {_shown(record)}", flush=True)
        failed += [part["name"]] if "error" in record or record.get("failed") else []
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def run_part(carried: Path, out: Path, part: dict[str, Any], device: str, smallest: bool) -> dict[str, Any]:
    """The record of a part: what it found, or `error`."""
    head: dict[str, Any] = {
        **{key: part[key] for key in ("name", "kind", "network", "channels") if key in part},
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "torch": torch.__version__,
        "smallest": smallest,
    }
    begun = time.perf_counter()
    try:
        with _limited(LIMIT_S):
            if part["kind"] == "checks":
                found = checks.run(carried, device, smallest)
            else:
                found = learning.run(carried, out, part, device, smallest)
        json.dumps(found, allow_nan=False)  # what cannot be written is an error of this part
    except Exception as error:
        # One part that fails must not cost the machine's time of the others.
        traceback.print_exc()
        return head | {"error": f"{type(error).__name__}: {error}"}
    return head | found | {"wall_s": round(time.perf_counter() - begun, 2)}


def record_path(out: Path, name: str) -> Path:
    """Record of a part."""
    return out / f"{name}.json"


def _is_done(path: Path, smallest: bool) -> bool:
    if not path.is_file():
        return False
    record = read_json(path)
    return "error" not in record and record["smallest"] == smallest


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _shown(record: dict[str, Any]) -> str:
    if "error" in record:
        return record["error"]
    if "checks" in record:
        done = [each for each in record["checks"].values() if each["held"] is not None]
        return f"{sum(each['held'] for each in done)} of {len(done)} checks hold"
    test = record["scores"].get("test") or record["scores"]["validation"]
    return f"F1 by object {test['object']['f1']:.3f}, {record['seconds']:.1f} s"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="studies/gpu.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--carried", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--minutes", type=float, default=0, help="after so many no further part begins (0: never)")
    parser.add_argument("--smallest", action="store_true", help="one step of each training on a piece of one scene")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
