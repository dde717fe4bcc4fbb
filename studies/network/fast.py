"""Landslides that are faster than pairs can tell: which are given a lower bound, and is it true?

    python -m studies.network.fast --folder OUT [--weights FILE] [--record]

--folder: regions on real ground with their scenes, of `python -m studies.ground.regions`. Every
planted landslide of 0.018 km2 and more, seen by half in a track, is a sighting: its rate is a lower
bound by `inventory.rate_bounds`, or can be trusted. True is what the 95th percentile of its planted
LOS rate says. The same of what the inventory releases of each track with a network. The two
thresholds are chosen on all ranges but one, and counted on that one.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage
from tqdm import tqdm

from sarsim.acquisition import WAVELENGTH
from sarsim.scene import STACKS
from sarsim.slopes import cells_inside
from sarsim.world import World, load_world
from sarslide.dataset.features import feature_array
from sarslide.inventory import rate_bounds
from sarslide.inventory.attributes import LAYERS
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.masks import LANDSLIDE, MaskRules
from sarslide.layers import hidden
from sarslide.models import networks, weights
from sarslide.names import nearest_pairs
from sarslide.network import interval_years
from sarslide.segment.infer import predict
from studies.ground.making import meta_of
from studies.ground.scoring import MIN_RATE_MM_PER_YR
from studies.network import put, row
from studies.network.maps import PACKAGED

COMMAND = "python -m studies.network.fast --folder OUT --record"
SMALLEST_KM2 = MaskRules().min_area_km2
NOISIER, LOST = (2.0, 2.5, 3.0, 3.5, 4.0), (0.0, 0.05, 0.1, 0.15)
GOAL = 0.95  # of those with a bound, truly faster than it
CHOSEN = 0.97  # the same where thresholds are chosen: elsewhere they are a little worse
RIGHT = (0.7, 1.3)  # measured over planted rate
VERY_FAST_MM_PER_YR = 500.0
PLANTED, RELEASED = "planted", "released"


def sightings(folder: Path, weights_file: Path) -> pd.DataFrame:
    """One row for each planted landslide and each released one, in each track."""
    network, card = networks.load(weights_file)
    rows: list[dict] = []
    for path in tqdm(sorted((folder / "scenes").glob("*.npz")), "scenes", unit="scene", disable=None):
        region, orbit_pass = path.stem.rsplit(".", 1)
        world, meta = load_world(folder / "worlds" / f"{region}.npz"), meta_of(path)
        with np.load(path) as file:
            layers = {name: file[name] for name in file.files if name != "meta"}
        pairs = nearest_pairs(meta["dates"], 24, 2)
        about = {"region": region, "range": meta["range"], "track": orbit_pass}
        about["cell_m"] = world.region.cell_m
        about["bound"] = 1e3 * WAVELENGTH / 4 / max(map(interval_years, pairs))
        planted = list(world.landslides.geometry)
        for k, seen in _measured(world, planted, layers):
            speed = float(world.landslides["speed_mm_per_yr"].iloc[k])
            rows.append(about | seen | {"set": PLANTED, "number": k, "speed": speed})
        layers["probability"] = predict(network, feature_array(card.channels, layers.__getitem__), card)
        found = find_candidates(
            {name: layers[name] for name in LAYERS if name in layers},
            world.region,
            STACKS[orbit_pass],
            card.threshold,
            MIN_RATE_MM_PER_YR,
            MaskRules(snowline_m=world.snowline_m),
            limits=card.trained_on.speed_limits if card.trained_on else (),
        )
        found = found[(found["status"] == "candidate") & (found["object_class"] == LANDSLIDE)]
        for k, seen in _measured(world, list(found.geometry), layers):
            rows.append(about | seen | {"set": RELEASED, "number": k})
    return pd.DataFrame(rows)


def _measured(world: World, outlines: Sequence, layers: dict[str, np.ndarray]) -> Iterator[tuple[int, dict]]:
    """Contrast with the ground around, measured and planted rate of each outline."""
    labels = np.zeros(world.region.shape, np.int32)
    for number, outline in enumerate(outlines, start=1):
        labels[cells_inside(world.region, outline)] = number
    blind = hidden(layers["layover_shadow"])
    rate, true = layers["los_rate_mm_per_yr"], layers["true_los_rate_mm_per_yr"]
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is None:
            continue
        cells = labels[window] == number
        seen = cells & ~blind[window]
        if cells.sum() * world.region.cell_area_km2 < SMALLEST_KM2 or seen.sum() < cells.sum() / 2:
            continue
        known = np.abs(rate[window][seen & np.isfinite(rate[window])])
        noisier, lost = rate_bounds.contrast(labels, number, window, layers, world.region.cell_m)
        wider, ring = rate_bounds.ground_around(labels, number, window, layers["layover_shadow"], world.region.cell_m)
        around = np.isfinite(rate[wider][ring])
        yield (
            number - 1,
            {
                "noisier": noisier,
                "lost": lost,
                "known": len(known) > 0,
                "around_known": bool(around.size and around.mean() >= 0.5),
                "measured": float(np.percentile(known, 95)) if len(known) else np.nan,
                "true": float(np.percentile(np.abs(true[window][cells]), 95)),
            },
        )


def marked(rows: pd.DataFrame, noisier: float, lost: float) -> pd.Series:
    """Whether a rate is a lower bound, with these thresholds."""
    return (rows["noisier"] >= noisier) & (rows["lost"] >= lost)


def tuned(rows: pd.DataFrame) -> tuple[float, float]:
    """Thresholds that mark most of what is faster than the bound, and hardly anything else."""
    best, most = (max(NOISIER), max(LOST)), -1
    faster = rows["true"] > rows["bound"]
    for noisier, lost in product(NOISIER, LOST):
        chosen = marked(rows, noisier, lost)
        right = int((chosen & faster).sum())
        if right >= CHOSEN * chosen.sum() and right > most:
            best, most = (noisier, lost), right
    return best


def left_out(rows: pd.DataFrame) -> tuple[pd.Series, dict[str, tuple[float, float]]]:
    """Marks of every range by thresholds of the others, and these."""
    rules = {name: tuned(rows[rows["range"] != name]) for name in sorted(rows["range"].unique())}
    marks = pd.concat([marked(rows[rows["range"] == name], *rule) for name, rule in rules.items()])
    return marks.reindex(rows.index), rules


def of(part: pd.Series, whole: pd.Series) -> str:
    """A count of another and their share."""
    some, everything = int((part & whole).sum()), int(whole.sum())
    return f"{some} of {everything}" + (f" ({some / everything:.2f})" if everything else "")


def rows_of(rows: pd.DataFrame) -> list[dict]:
    """Rows of the record."""
    made = []
    marks, rules = left_out(rows)
    for way, chosen in (
        ("each range by thresholds of the others", marks),
        ("thresholds of the product", marked(rows, rate_bounds.NOISIER, rate_bounds.COHERENCE_LOST)),
    ):
        for name in (PLANTED, RELEASED):
            made += _counts(rows[rows["set"] == name], chosen, f"lower bounds, {name} landslides, {way}")
    words = "; ".join(f"{name.replace('_', ' ')} {a:g}, {b:g}" for name, (a, b) in rules.items())
    made.append(row("lower bounds: thresholds tuned without each range (standard error, coherence)", words, COMMAND))
    return [*made, *_trusted(rows), _holes(rows)]


def _counts(rows: pd.DataFrame, chosen: pd.Series, what: str) -> list[dict]:
    """Who is marked, and how many of them are as fast as that says."""
    chosen, times = chosen[rows.index], rows["true"] / rows["bound"]
    right = int((chosen & (times > 1)).sum())
    faster = (
        f"{words} {of(chosen, each)}, with a rate {of(chosen, each & rows['known'])}"
        for words, each in (
            ("1 to 2 times the bound", times.between(1, 2)),
            ("2 to 4 times", times.between(2, 4)),
            ("over 4 times", times > 4),
        )
    )
    slower = f"up to half the bound {of(chosen, times <= 0.5)}; half to all {of(chosen, times.between(0.5, 1))}"
    met = right >= GOAL * chosen.sum()
    return [
        row(f"{what}: truly faster than it", of(times > 1, chosen), COMMAND, f"{GOAL:g}", bool(met)),
        row(f"{what}: faster ones that are marked", "; ".join(faster), COMMAND),
        row(f"{what}: slower ones that are marked", slower, COMMAND),
    ]


def _trusted(rows: pd.DataFrame) -> list[dict]:
    """How right rates are, with a bound and without."""
    chosen = marked(rows, rate_bounds.NOISIER, rate_bounds.COHERENCE_LOST)
    ratio = rows["measured"] / rows["true"]
    right, fast = ratio.between(*RIGHT), rows["known"] & (rows["true"] > rows["bound"] / 4)
    words = "; ".join(
        f"{name}: {of(right, here)}, median measured over planted {ratio[here].median():.2f}"
        for name, here in (("marked", fast & chosen), ("not marked", fast & ~chosen))
    )
    what = "rates within 30 % of the planted one (95th percentile), landslides over a quarter of the bound"
    return [row(what, words, COMMAND)]


def _holes(rows: pd.DataFrame) -> dict:
    """Very fast landslides of which no track knows a cell: there is nothing to mark."""
    fast = rows[(rows["set"] == PLANTED) & (rows["speed"] > VERY_FAST_MM_PER_YR)]
    bodies = fast.groupby(["region", "number"]).agg(known=("known", "any"))
    sightings_unknown = int((~fast["known"]).sum())
    words = (
        f"{int((~bodies['known']).sum())} of {len(bodies)} landslides; of sightings {sightings_unknown} of {len(fast)},"
        f" {int((~fast['known'] & fast['around_known']).sum())} of these in ground that is known by half"
    )
    return row(f"over {VERY_FAST_MM_PER_YR:g} mm/yr down the slope, no cell with a rate", words, COMMAND)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=weights.packaged(PACKAGED), help="default: the packaged")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    chosen = parser.parse_args(arguments)
    seen = sightings(chosen.folder, chosen.weights)
    cells = f", cells of {seen['cell_m'].iloc[0]:g} m"
    made = [each | {"what": each["what"] + cells} for each in rows_of(seen)]
    return put(made) if chosen.record else print("\n".join(f"{each['what']}: {each['measured']}" for each in made))


if __name__ == "__main__":
    main()
