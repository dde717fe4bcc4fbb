"""Right cycles on hard ground: pairs of 6, 12 and 24 days over landslides of 5 mm/yr to 5 m/yr.

    python -m studies.rates.unwrapping --folder OUT

Regions on real ground with their planted landslides (`studies.ground`), seen at product level:
weather, decorrelation, fringes within a cell and noise as measured. A cell of a pair is right where
its unwrapped phase, less the commonest whole cycle of still ground, is within half a cycle of the
noise-free phase. Masked cells count as wrong: those without phase, and those outside of the
connected component of the stable ground. Cells in layover and shadow are of no method and do not
count. What stands in OUT is read: worlds (of `studies.ground.regions`), pairs, scores of a scene.

Each method starts from the same filtered pairs: whirlwind, which is the default; SNAPHU; the
default with `rates.loop_mask`; the default with `rates.rate_cycles`.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from sarsim.acquisition import WAVELENGTH
from sarsim.cell_samples import stated_looks
from sarsim.products import simulate_pairs, view
from sarsim.scene import FIRST_DATE
from sarsim.world import true_los_rate
from sarslide import names
from sarslide.errors import RateError
from sarslide.insar import error_cycles
from sarslide.insar.closure import close_triplets
from sarslide.insar.native.interferogram import coherence_window
from sarslide.insar.unwrap import BRIDGE_M, open_ground, phase_for_cycles, unwrap, with_cycles_of
from sarslide.io.arrays import read_npz, write_npz
from sarslide.io.sidecar import read_json, write_json
from sarslide.phase import TWO_PI
from sarslide.rates.pipeline import average_phase, stack_rates
from sarslide.rates.rate_cycles import find_error_cycles
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from sarslide.terrain.derivatives import derivatives
from studies.ground import cutting, making
from studies.rates import put, row

COMMAND = "python -m studies.rates.unwrapping --folder OUT"
# Region, track, days between acquisitions. The constants of `rates.rate_cycles` were chosen on the
# first four (alps and a dry valley of the Himalaya, steep; dry Andes; a forested coast range),
# nothing on the others.
CHOSEN_ON = (
    ("alps_davos_30m_1", "A128", 12),
    ("himalaya_baspa_b_30m_1", "D062", 12),
    ("andes_dry_petorca_30m_2", "D062", 6),
    ("coastrange_skyline_30m_1", "D062", 6),
)
OTHERS = (("transverse_sanrafael_30m_1", "A128", 12), ("cevennes_lozere_30m_1", "D062", 6))
DATES, NEIGHBOURS, AFTER_DAYS = 14, 2, 92  # from June, without snow
STILL, COHERENT, MOVES = 20.0, 0.4, 20.0  # mm/yr, mean coherence, mm/yr
SPEEDS = (0, 20, 100, 200, 400, 800, 1600, 5000)  # LOS, mm/yr
COHERENCES = (0, 0.1, 0.2, 0.3, 0.4, 0.6, 1)
SLOPES = (0, 10, 20, 30, 40, 90)
DEFAULT, SNAPHU, MASK, RATE = "default", "SNAPHU", "rates.loop_mask", "rates.rate_cycles"


@dataclass(frozen=True)
class Pairs:
    """The pairs of a scene, (pairs, rows, cols) each.

    Attributes
    ----------
    names : list of str
        The pairs.
    unfiltered_rad, filtered_rad, coherence, true_rad
        As of `SimulatedPair`.
    unwrapped_rad, components
        Of one method; NaN and 0 where it masks.
    """

    names: list[str]
    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray
    true_rad: np.ndarray
    unwrapped_rad: np.ndarray
    components: np.ndarray


@dataclass(frozen=True)
class Scene:
    """Ground and pairs of a scene; layers are (rows, cols).

    Attributes
    ----------
    pairs : Pairs
        As the default unwraps them.
    los_rate : ndarray
        Planted mean rate, mm/yr.
    elevation_m, slope_deg, layover_shadow : ndarray
        The ground.
    cell_m, looks : float
        Side of a cell; looks of a coherence.
    """

    pairs: Pairs
    los_rate: np.ndarray
    elevation_m: np.ndarray
    slope_deg: np.ndarray
    layover_shadow: np.ndarray
    cell_m: float
    looks: float


def scene_of(folder: Path, name: str, stack: str, days: int) -> Scene:
    """A scene, its pairs simulated or read where they stand."""
    region = {each.name: each for each in cutting.regions_of(cutting.files_of(LIBRARY, None, False))}[name]
    world, products = making.world_of(folder, region), cutting.drawn(region).products
    seen = view(world, stack)
    first = names.parse_date(FIRST_DATE) + timedelta(days=AFTER_DAYS)
    dates = [f"{first + timedelta(days=days * k):%Y%m%d}" for k in range(DATES)]
    pairs = names.nearest_pairs(dates, NEIGHBOURS * days, NEIGHBOURS)
    path = folder / "unwrapping" / f"{name}.{stack}.{days}.npz"
    if not path.is_file():
        made = list(simulate_pairs(world, seen, dates, pairs, world.seed, products))
        kinds = [each for each in Pairs.__dataclass_fields__ if each != "names"]
        arrays = {kind: np.stack([getattr(pair, kind) for pair in made]) for kind in kinds}
        write_npz(path, arrays | {"names": np.array([pair.pair for pair in made])})
    arrays = read_npz(path, RateError, "delete it")
    looks = stated_looks(region.grid, stack)
    elevation = world.elevation_m[world.window]
    return Scene(
        Pairs(**arrays | {"names": arrays["names"].tolist()}),
        true_los_rate(world.velocity_mm_per_yr[:, *world.window], seen.los_east, seen.los_north, seen.los_up),
        elevation,
        derivatives(elevation, region.grid.cell_m)["slope_deg"],
        seen.layover_shadow,
        region.grid.cell_m,
        looks * coherence_window(products.coherence_window, looks) ** 2,
    )


def by_snaphu(scene: Scene) -> Pairs:
    """The pairs as the rule `unwrap` makes them with `interferogram.unwrapper: snaphu`."""
    phases, components = [], []
    for filtered, coherence in zip(scene.pairs.filtered_rad, scene.pairs.coherence, strict=True):
        guide = phase_for_cycles(open_ground(filtered, scene.layover_shadow), coherence, 0.5, 32)
        phase, parts = unwrap(guide, coherence, scene.looks, "snaphu", BRIDGE_M / scene.cell_m)
        phases.append(with_cycles_of(phase, filtered))
        components.append(parts)
    return replace(scene.pairs, unwrapped_rad=np.stack(phases), components=np.stack(components))


def by_closure(scene: Scene) -> Pairs:
    """The default without the cells that fail to close."""
    pairs = scene.pairs
    index = {pair: k for k, pair in enumerate(pairs.names)}
    wrong = np.zeros(pairs.unwrapped_rad.shape, bool)

    def read(pair: str, rows: slice, cols: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = index[pair], rows, cols
        return pairs.unwrapped_rad[at], pairs.unfiltered_rad[at], pairs.components[at]

    def keep(rows: slice, cols: slice, cycles: np.ndarray) -> None:
        wrong[:, rows, cols] = error_cycles.is_wrong(cycles)

    close_triplets(read, pairs.names, scene.los_rate.shape, keep)
    return replace(pairs, unwrapped_rad=np.where(wrong, np.nan, pairs.unwrapped_rad))


def by_rate(scene: Scene, stable: np.ndarray) -> Pairs:
    """The default with the cycles of the rate that all pairs share, as the rates read them."""
    pairs = scene.pairs
    kinds = (pairs.unwrapped_rad, pairs.unfiltered_rad, pairs.coherence, pairs.components)
    held = dict(zip(pairs.names, zip(*kinds, strict=True), strict=True))
    found = find_error_cycles(held.__getitem__, pairs.names, scene.elevation_m, stable, scene.cell_m)
    known = found.cycles != error_cycles.UNKNOWN
    phase = pairs.unwrapped_rad - TWO_PI * np.where(known, found.cycles, 0)
    parts = np.where(known, np.array(found.components)[:, None, None], pairs.components)
    return replace(pairs, unwrapped_rad=phase, components=parts)


def stable_ground(scene: Scene) -> np.ndarray:
    """What the rule `average_phase` calls stable."""
    pairs = scene.pairs
    held = dict(zip(pairs.names, zip(pairs.unfiltered_rad, pairs.coherence, strict=True), strict=True))
    hidden = scene.layover_shadow > 0
    return average_phase(held.__getitem__, pairs.names, scene.elevation_m, exclude=hidden).ground.stable


def wrong_cells(scene: Scene, pairs: Pairs, stable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells in a wrong cycle, and those that are wrong or masked; (pairs, rows, cols) each."""
    off = np.rint((pairs.unwrapped_rad - pairs.true_rad) / TWO_PI)
    still = (np.abs(scene.los_rate) < STILL) & (scene.layover_shadow == 0)
    masked = ~np.isfinite(off)
    for k, (cycles, parts) in enumerate(zip(off, pairs.components, strict=True)):
        values, counts = np.unique(cycles[still & np.isfinite(cycles)], return_counts=True)
        cycles -= values[counts.argmax()]
        masked[k] |= parts != np.bincount(parts[stable & (parts > 0)], minlength=2).argmax()
    wrong = np.isfinite(off) & (off != 0)
    return wrong, wrong | masked


def rate_errors(scene: Scene, pairs: Pairs) -> tuple[str, float]:
    """RMSE of the stacked rate on still, slow and fast ground, mm/yr; share of cells with one."""
    kinds = (pairs.unwrapped_rad, pairs.coherence, pairs.components)
    held = dict(zip(pairs.names, zip(*kinds, strict=True), strict=True))
    seen = scene.layover_shadow == 0
    made = stack_rates(held.__getitem__, pairs.names, scene.elevation_m, WAVELENGTH, exclude=~seen).layers
    rate, speed = made["los_rate_mm_per_yr"], np.abs(scene.los_rate)
    used = seen & np.isfinite(rate) & (made["mean_coherence"] > COHERENT)
    groups = [used & (speed >= low) & (speed < high) for low, high in ((0, STILL), (MOVES, 400), (400, 1e5))]
    words = " / ".join(f"{np.sqrt(np.mean((rate - scene.los_rate)[cells] ** 2)):.0f}" for cells in groups)
    return words, float(np.isfinite(rate[seen]).mean())


def scored(folder: Path, name: str, stack: str, days: int) -> dict:
    """Rows of a scene, and cells and bad ones of each method by class; read where they stand."""
    path = folder / "unwrapping" / f"{name}.{stack}.{days}.json"
    if path.is_file():
        return read_json(path)
    scene = scene_of(folder, name, stack, days)
    stable = stable_ground(scene)
    methods = {DEFAULT: scene.pairs, SNAPHU: by_snaphu(scene), MASK: by_closure(scene), RATE: by_rate(scene, stable)}
    seen = np.broadcast_to(scene.layover_shadow == 0, scene.pairs.true_rad.shape)
    found = {method: wrong_cells(scene, pairs, stable) for method, pairs in methods.items()}
    lengths = [names.pair_days(pair) for pair in scene.pairs.names]
    counts = []
    for what, edges, of in (
        ("LOS speed, mm/yr", SPEEDS, np.abs(scene.los_rate)[None]),
        ("coherence", COHERENCES, scene.pairs.coherence),
        ("slope, degree", SLOPES, scene.slope_deg[None]),
        ("days of the pair", (6, 12, 24, 48), np.array(lengths)[:, None, None]),
        ("all", (0, 1), np.zeros((1, 1, 1))),
    ):
        for low, high in zip(edges, edges[1:], strict=False):
            cells = seen & (of >= low) & (of < high)
            bad = [int((each & cells).sum()) for _, each in found.values()]
            counts.append([what, low, high, int(cells.sum()), *bad])
    label = f"{name} {stack}, pairs of {days} and {2 * days} days"
    errors = {method: rate_errors(scene, pairs) for method, pairs in methods.items() if method != SNAPHU}
    words = "; ".join(f"{method} {text} ({share:.1%} of cells)" for method, (text, share) in errors.items())
    rows = [
        _compared(f"{label}: cells wrong or masked", {m: float(each[1][seen].mean()) for m, each in found.items()}),
        _compared(f"{label}: cells in a wrong cycle", {m: float(each[0][seen].mean()) for m, each in found.items()}),
        row(f"{label}: RMSE of the rate, still / under 400 / faster, mm/yr", words, COMMAND),
    ]
    write_json(path, {"rows": rows, "counts": counts})
    return {"rows": rows, "counts": counts}


def rows_of(folder: Path, about: str, scenes: Sequence[tuple[str, str, int]]) -> list[dict]:
    """Rows of scenes, and of their sum by coherence, slope, speed and length of the pair."""
    made = [scored(folder, *scene) for scene in scenes]
    rows = [each for one in made for each in one["rows"]]
    total: dict[tuple, np.ndarray] = {}
    for what, low, high, *counts in (each for one in made for each in one["counts"]):
        total[what, low, high] = total.get((what, low, high), 0) + np.array(counts)
    for (what, low, high), (cells, *wrong) in total.items():
        if cells:
            share = dict(zip((DEFAULT, SNAPHU, MASK, RATE), np.array(wrong) / cells, strict=True))
            named = "" if what == "all" else f", {what} {low:g} to {high:g} ({cells} cells)"
            text = f"right cycles, {about}{named}: cells wrong or masked"
            rows.append(_compared(text, share, what == "all"))
    return rows


def _compared(what: str, share: Mapping[str, float], is_goal: bool = False) -> dict:
    words = ", ".join(f"{method} {value:.4f}" for method, value in share.items() if method != DEFAULT)
    goal, met = ("at most half of before", share[RATE] <= share[DEFAULT] / 2) if is_goal else ("shown", True)
    return row(what, words, COMMAND, goal, bool(met), round(float(share[DEFAULT]), 4))


def main() -> None:
    """Unwrap, compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    put(rows_of(folder, f"{len(CHOSEN_ON)} scenes that its constants were chosen on", CHOSEN_ON))
    put(rows_of(folder, f"{len(OTHERS)} other scenes", OTHERS))


if __name__ == "__main__":
    main()
