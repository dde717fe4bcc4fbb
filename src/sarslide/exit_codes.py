"""Exit codes of `sarslide`: the numbers of sysexits.h that come closest."""

GOOD = 0
WRONG_USAGE = 2
UNREACHABLE = 69
FAILED = 70
LOCKED = 75
WAITING = 76
REFUSED = 78
MEANINGS = {
    GOOD: "up to date",
    WRONG_USAGE: "wrong usage",
    UNREACHABLE: "archive unreachable",
    FAILED: "jobs failed",
    LOCKED: "locked by another run",
    WAITING: "dates wait",
    REFUSED: "configuration or preflight refuses",
}
