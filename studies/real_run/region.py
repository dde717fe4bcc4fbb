"""Step `region`: a piece of the region `california` from search to scores against public slides."""

from typing import Any

from sarslide.preflight.checks import listed, used
from studies.real_run import COMMAND, row
from studies.real_run.forecast import cost
from studies.real_run.place import BOUNDS, REGION, Place
from studies.real_run.scores import score_rows

# One water year of both tracks of the preset.
KEYS = {"region": REGION, "grid": {"bounds": list(BOUNDS)}, "catalog": {"start": "20181001", "end": "20190930"}}
MOST = 1.5  # times what was forecast
WHAT = "from SLCs"


def run(place: Place) -> list[dict[str, Any]]:
    """Search, download, process, release and score.

    Parameters
    ----------
    place : Place
        Working folder.

    Returns
    -------
    list of dict
        Rows of the record.
    """
    place.begin(KEYS)
    config = place.config()
    if not config.evaluation.named():
        print(f"will not be scored: {config.evaluation.inventory or 'evaluation.inventory'} is not set", flush=True)
    place.run("update")
    forecast = cost(config, listed(config, place.folder))
    place.run("run")
    disk_gb = used([place.folder / name / config.region for name in ("resources", "results")]) / 1e9
    hours = f"{place.hours['run']:.2g}, cores: {place.cores}"
    return [
        *score_rows(place, WHAT),
        _beside("disk, GB", disk_gb, forecast.disk_gb),
        _beside("core-hours", place.core_hours["run"], forecast.core_hours),
        row(f"{WHAT}: hours, downloads with them", hours, COMMAND),
    ]


def _beside(what: str, measured: float, forecast: float) -> dict[str, Any]:
    """A cost beside its forecast."""
    text = f"{measured:.2g}, forecast {forecast:.2g}"
    return row(f"{WHAT}: {what}", text, COMMAND, f"<= {MOST} x the forecast", measured <= MOST * forecast)
