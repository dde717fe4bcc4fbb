"""`python .ci/imports.py envs/NAME.yaml`, there: imports what the scripts of its rules import."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.support.environments import imported_in  # noqa: E402


def main() -> None:
    missing = {}
    for package in sorted(imported_in(Path(sys.argv[1]).name)):
        try:
            importlib.import_module(package)
        except ImportError as error:
            missing[package] = str(error)
    if missing:
        sys.exit(f"{sys.argv[1]} lacks {missing}")


if __name__ == "__main__":
    main()
