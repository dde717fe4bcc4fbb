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
    forecast_gb = cost(config, listed(config, place.folder)).disk_gb
    place.run("run")
    measured_gb = used([place.folder / name / config.region for name in ("resources", "results")]) / 1e9
    return [
        *score_rows(place, WHAT),
        row(
            f"{WHAT}: disk, GB",
            f"{measured_gb:.3g}, forecast {forecast_gb:.3g}",
            COMMAND,
            f"<= {MOST} x the forecast",
            measured_gb <= MOST * forecast_gb,
        ),
        row(f"{WHAT}: hours, downloads with them", f"{place.seconds['run'] / 3600:.2g}, cores: {place.cores}", COMMAND),
    ]
