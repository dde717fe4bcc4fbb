"""A region on real ground from SAFE products to its report, by the product itself."""

import json
from pathlib import Path
from typing import Any

from sarslide.io.atomic import atomic_file
from studies.demo import run_region
from studies.ground import cutting, row
from studies.ground.cutting import GroundRegion

DATES = 30  # of each track, as the demo


def preset(region: GroundRegion) -> dict[str, Any]:
    """Its configuration: ground, seed and snowline of the region, landslides and scattering as they
    are measured.
    """
    settings, file = cutting.drawn(region), region.file
    vertical = (
        {"dem_vertical": "ellipsoidal"}
        if file.geoid_m is None
        else {"dem_vertical": "orthometric", "geoid_m": file.geoid_m}
    )
    snowline = settings.world.snowline_m
    return {
        "source": "simulated",
        "engine": "native",
        "stacks": ["A128", "D062"],
        "grid": {
            "epsg": region.grid.epsg,
            "bounds": list(region.grid.bounds),
            "cell_m": region.grid.cell_m,
            **vertical,
        },
        "simulation": {
            "seed": region.seed,
            "dates": DATES,
            "dem": str(file.path.resolve()),
            "snowline_m": snowline,
            "landslides": "inventories",
            "scattering": "measured",
        },
        "inventory": {"snowline_m": snowline},
    }


def run(region: GroundRegion, folder: Path, cores: int) -> list[dict[str, Any]]:
    """Run it in a folder of its own, which holds all of it; rows of the record."""
    (folder / "regions").mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / "regions" / f"{region.name}.yaml") as part:
        part.write_text(json.dumps(preset(region), indent=1))
    cost, scores = run_region(region.name, folder, cores)
    command = f"python -m studies.ground.regions --folder OUT --safe {region.name} --record"
    figures = {name: scores[name] for name in ("planted", "scored", "released")}
    figures |= {name: round(scores[name], 3) for name in ("object_recall", "object_precision", "object_f1")}
    errors = {track: round(value, 2) for track, value in scores["los_rmse_mm_per_yr"].items() if value is not None}
    what = f"{region.name} from SAFE products"
    return [
        row(f"{what}: today's network", json.dumps(figures), command),
        row(f"{what}: RMSE of the LOS rate, mm/yr", json.dumps(errors), command),
        row(f"{what}: CPU s", cost["cpu_s"], command),
    ]
