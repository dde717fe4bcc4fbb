"""The seed of all changes: those of another number are others."""

import os

VARIABLE = "SARSLIDE_HOSTILE_SEED"


def seed(own: int) -> int:
    """That of a reader, by the number of the run."""
    return own + 1_000_003 * int(os.environ.get(VARIABLE, "0"))
