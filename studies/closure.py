"""Phase closure: planted unwrapping errors on a finished demo run, and its own against the truth.

Then the phase bias that it does not have, Mexico City's real interferograms, and the sizes of the
network presets.

    python -m studies.closure --demo FOLDER --real FOLDER

--demo: working folder of a finished run of the region `valley` (it holds resources/ and results/).
--real: folder of the real data (default: $SARSLIDE_REAL_DATA). A part whose folder is not given is
left out.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

from sarslide import names
from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.insar.closure import close_triplets
from sarslide.insar.error_cycles import AMBIGUOUS, TWO_PI, UNKNOWN, apply, is_wrong
from sarslide.insar.phase_bias import phase_bias
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.network import choose_pairs, triplets
from sarslide.papers import pair_count
from studies.tables import publish

PATCHES, RADII, SEED = 60, (4, 20), 11  # planted errors a stack: discs of these radii, cells
FULL_CYCLE_RAD = 2.0  # the truth decides where the rest beyond whole cycles is smaller
COMMAND = "python -m studies.closure --demo FOLDER --real FOLDER"


class Demo:
    """The pairs of one stack of a finished demo run, in memory, and its truth."""

    def __init__(self, folder: Path, stack: str):
        self.stack, self.truth = stack, folder / "resources/valley/truth" / stack
        self.results = folder / "results/valley" / stack / "f0" / "native"
        paths = sorted((self.results / "ifg").glob("*.unw_rad.tif"))
        self.pairs = sorted((path.name.split(".")[0] for path in paths), key=lambda pair: pair.split("_")[::-1])
        self.kinds = {
            kind: {pair: raster.read(self.results / f"ifg/{pair}.{kind}.tif") for pair in self.pairs}
            for kind in ("unw_rad", "wrapped_rad", "cor", "conncomp")
        }
        self.shape = self.kinds["cor"][self.pairs[0]].shape
        record = read_json(self.results / f"ifg/{self.pairs[0]}.json")
        self.wavelength_m, self.looks = record["wavelength_m"], record["coherence_looks"]
        self.elevation = raster.read(folder / "results/valley/terrain/f0/elevation_m.tif")
        self.true_rate = raster.read(self.truth / "true_los_rate_mm_per_yr.tif")
        self.observable = raster.read(self.truth / "true_observable.tif") == 1

    def close(self, unwrapped: dict[str, np.ndarray]):
        """Closure and loop errors (pairs, rows, cols) of the stack with these unwrapped phases."""
        errors = np.zeros((len(self.pairs), *self.shape), np.int8)

        def read(pair, rows, cols):
            return unwrapped[pair][rows, cols], *(
                self.kinds[kind][pair][rows, cols] for kind in ("wrapped_rad", "conncomp")
            )

        def put(rows, cols, block):
            errors[:, rows, cols] = block

        return close_triplets(read, self.pairs, self.shape, put), errors

    def true_errors(self, pair: str) -> tuple[np.ndarray, np.ndarray]:
        """Cycles by which the pair is unwrapped wrongly, and where the truth can tell."""
        earlier, later = names.split_pair(pair)
        delay = [raster.read(self.truth / f"{date}.true_atmosphere_mm.tif") for date in (earlier, later)]
        years = names.days_between(earlier, later) / 365.25
        path_mm = delay[1] - delay[0] - self.true_rate * years
        left = self.kinds["unw_rad"][pair] - 4e-3 * np.pi / self.wavelength_m * path_mm
        known = (self.kinds["conncomp"][pair] > 0) & np.isfinite(left)
        left = left - np.median(left[known])
        whole = np.rint(left / TWO_PI)
        return whole, known & (np.abs(left - TWO_PI * whole) < FULL_CYCLE_RAD)

    def rmse(self, unwrapped, errors, mode: str) -> tuple[float, np.ndarray]:
        """RMSE of the stacked LOS rate, mm/yr, median removed, and the difference to the truth."""
        from sarslide.rates.pipeline import stack_rates

        band = dict(zip(self.pairs, errors, strict=True))

        def read(pair):
            phase = unwrapped[pair] if mode == "kept" else apply(unwrapped[pair], band[pair], mode == "corrected")
            return phase, self.kinds["cor"][pair], self.kinds["conncomp"][pair]

        excluded = raster.read(self.results / "geometry/layover_shadow.tif") > 0
        rates = stack_rates(read, self.pairs, self.elevation, self.wavelength_m, exclude=excluded)
        difference = np.where(self.observable, rates.layers["los_rate_mm_per_yr"] - self.true_rate, np.nan)
        difference -= np.nanmedian(difference)
        return float(np.sqrt(np.nanmean(difference**2))), difference


def plant(demo: Demo) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Unwrapped phases with discs a cycle off, and the planted cycles (pairs, rows, cols)."""
    rng = np.random.default_rng(SEED)
    y, x = np.ogrid[: demo.shape[0], : demo.shape[1]]
    planted = np.zeros((len(demo.pairs), *demo.shape), np.int8)
    for _ in range(PATCHES):
        pair = rng.integers(len(demo.pairs))
        row, col = rng.integers(demo.shape[0]), rng.integers(demo.shape[1])
        disc = (y - row) ** 2 + (x - col) ** 2 <= rng.integers(*RADII) ** 2
        planted[pair][disc & (demo.kinds["conncomp"][demo.pairs[pair]] > 0)] = rng.choice([-1, 1])
    unwrapped = {
        pair: demo.kinds["unw_rad"][pair] + TWO_PI * planted[k].astype(float) for k, pair in enumerate(demo.pairs)
    }
    return unwrapped, planted


def planted_rows(demo: Demo) -> list[list]:
    """Detection of the planted errors: all pairs, short ones, long ones; then the rates."""
    unwrapped, planted = plant(demo)
    before = is_wrong(demo.close(demo.kinds["unw_rad"])[1])
    start = time.process_time()
    _, errors = demo.close(unwrapped)
    seconds = time.process_time() - start
    days = np.array([names.pair_days(pair) for pair in demo.pairs])
    rows = []
    for label, chosen in (("all", days > 0), ("12 days", days == 12), ("24 days", days == 24)):
        error, truth, clean = errors[chosen], planted[chosen], ~before[chosen]
        wrong = (truth != 0) & (error != UNKNOWN)
        right = (truth == 0) & (error != UNKNOWN) & clean
        told = is_wrong(error) & (error != AMBIGUOUS)
        rows.append(
            [demo.stack, label, int(wrong.sum()), float((error == truth)[wrong].mean()),
             float((error == AMBIGUOUS)[wrong].mean()), float((~is_wrong(error))[wrong].mean()),
             float(told[right].mean()), float((error == AMBIGUOUS)[right].mean()), seconds if label == "all" else None]
        )  # fmt: skip
    return rows


def rate_rows(demo: Demo) -> list[list]:
    """Stacking with loop errors kept, masked and corrected.

    The demo as it is, and with planted errors.
    """
    rows = []
    for label, unwrapped, planted in (
        ("as unwrapped", demo.kinds["unw_rad"], None),
        ("60 patches planted", *plant(demo)),
    ):
        _, errors = demo.close(unwrapped)
        touched = (planted if planted is not None else is_wrong(errors)).any(axis=0)
        found = {mode: demo.rmse(unwrapped, errors, mode) for mode in ("kept", "masked", "corrected")}
        rows.append([demo.stack, label, "all cells", *(rmse for rmse, _ in found.values())])
        for _, difference in found.values():
            touched = touched & np.isfinite(difference)
        inside = [float(np.sqrt(np.mean(difference[touched] ** 2))) for _, difference in found.values()]
        rows.append([demo.stack, label, f"{int(touched.sum())} cells with an error", *inside])
    return rows


def truth_row(demo: Demo) -> list:
    """The demo's own unwrapping errors against the truth."""
    found, errors = demo.close(demo.kinds["unw_rad"])
    count = np.zeros(6, int)
    for k, pair in enumerate(demo.pairs):
        whole, sure = demo.true_errors(pair)
        sure &= errors[k] != UNKNOWN
        bad, told, unsure = whole != 0, is_wrong(errors[k]) & (errors[k] != AMBIGUOUS), errors[k] == AMBIGUOUS
        count += [int((sure & one).sum()) for one in (bad, bad & told, bad & unsure, ~bad, ~bad & told, ~bad & unsure)]
    bad, told, unsure, good, false_told, false_unsure = count.tolist()
    open_share = float(found.error_count.sum() / found.count.sum())
    shares = [bad / (bad + good), told / bad, unsure / bad, false_told / good, false_unsure / good]
    return [demo.stack, len(found.triplets), open_share, *shares]


def bias_row(demo: Demo) -> list:
    """Cells of the demo that are flagged; the simulator plants no fading signal."""
    start = time.process_time()
    found = phase_bias(
        lambda pair, rows: (demo.kinds["wrapped_rad"][pair][rows], demo.kinds["cor"][pair][rows]),
        demo.pairs,
        demo.shape,
    )
    seconds = time.process_time() - start
    std = float(np.nanmedian(found.std_rad_per_yr))
    return [
        demo.stack,
        found.triplets,
        found.judged,
        found.flagged / found.judged,
        std,
        demo.looks,
        found.looks,
        seconds,
    ]


def mexico_city(real: Path) -> tuple[list[list], list[list]]:
    """Closure of every triplet of the real interferograms by engine `files`, and its summary."""
    from sarslide.insar.external.files import ingest_pair

    os.environ["SARSLIDE_REAL_DATA"] = str(real)
    config = load({"region": "mexico_city"})
    table, grid, pairs = scenes.table(config, Path("resources")), config.grid.region_grid(), list(config.network.pairs)
    files = zip(pairs, table.files("unwrapped"), table.files("coherence"), strict=True)
    ready = {pair: ingest_pair(unw, cor, pair, grid, config.files.positive_phase) for pair, unw, cor in files}
    errors = np.zeros((len(pairs), *grid.shape), np.int8)

    def read(pair, rows, cols):
        one = ready[pair]
        return one.unwrapped_rad[rows, cols], one.wrapped_rad[0][rows, cols], one.conncomp[rows, cols]

    def put(rows, cols, block):
        errors[:, rows, cols] = block

    found = close_triplets(read, pairs, grid.shape, put)
    each = [
        [one.pairs[0][:8], one.pairs[0][9:], one.pairs[1][9:], one.cells, one.open, one.open / one.cells, one.level_rad,
         one.wrapped_rms_rad]
        for one in found.triplets
    ]  # fmt: skip
    wrong, judged = is_wrong(errors), errors != UNKNOWN
    summary = [
        ["pairs", len(pairs)],
        ["triplets", len(found.triplets)],
        ["pairs in no triplet", int((~judged).all(axis=(1, 2)).sum())],
        ["closures judged", int(found.count.sum())],
        ["share that is not zero cycles", float(found.error_count.sum() / found.count.sum())],
        ["cells with a closure that is not zero", float((found.error_count > 0).mean())],
        ["pair cells called wrong", float(wrong.sum() / judged.sum())],
        ["of these ambiguous", float((errors == AMBIGUOUS).sum() / max(wrong.sum(), 1))],
        ["RMS of the closure beyond whole cycles, median cell (rad)", float(np.nanmedian(found.rms_rad))],
    ]
    return each, summary


def preset_rows() -> list[list]:
    """Pairs and triplets of each preset on 30 and on 103 gap-free dates.

    Baselines are simulated (70 m).
    """
    rows = []
    for preset in ("nearest", "p0", "p4", "p3", "p2"):
        row = [preset]
        for dates in (30, 103):
            config = load({"region": "valley", "network": {"preset": "p3"}, "simulation": {"dates": dates}})
            table = scenes.table(config, Path("resources"))
            pairs = choose_pairs(table.dates("A128"), preset, baselines=table.baselines("A128"))
            row += [len(pairs), len(triplets(pairs))]
        paper = {"p0": "57 of 30 (from 12 and 24 days)"}.get(preset)
        printed = pair_count(preset)
        paper = f"{printed.pairs} of {printed.scenes}" if printed else paper
        rows.append([*row, paper])
    return rows


def publish_demo(demos: list[Demo]) -> None:
    """Tables 1 to 4."""
    columns = ["stack", "pairs", "planted cells", "found with the right cycles", "ambiguous", "missed", "false alarms"]
    publish(
        "5_closure_1_planted",
        "Closure: planted unwrapping errors on the demo",
        COMMAND,
        [*columns, "false ambiguous", "CPU s"],
        [row for demo in demos for row in planted_rows(demo)],
        f"{PATCHES} discs of {RADII[0]} to {RADII[1] - 1} cells radius, one cycle, in random pairs of a network of 12- and"
        " 24-day pairs; shares of the planted cells, and of the right ones that closure did not call wrong before planting."
        " Ambiguous: closure cannot tell which pair of a triplet is wrong, at the ends of the network and beside cells that are"
        " not judged. `rates.loop_mask` leaves out both kinds.",
    )
    publish(
        "5_closure_2_rates",
        "Closure: loop errors and the stacked rate",
        COMMAND,
        ["stack", "unwrapped phase", "cells", "RMSE kept (mm/yr)", "masked (mm/yr)", "corrected (mm/yr)"],
        [row for demo in demos for row in rate_rows(demo)],
        "LOS rate of stacking against the truth. Masked: `rates.loop_mask`. On the demo as it is unwrapped the mask gains"
        " nothing: what fails to close there is noise of incoherent cells, not an unwrapping error of an area.",
    )
    columns = [
        "stack",
        "triplets",
        "closures not zero",
        "wrong pair cells (truth)",
        "called wrong",
        "suspected (ambiguous)",
    ]
    publish(
        "5_closure_3_truth",
        "Closure: the demo's own unwrapping errors against the truth",
        COMMAND,
        [*columns, "right cells called wrong", "right cells suspected"],
        [truth_row(demo) for demo in demos],
        "Truth: planted motion and atmosphere; where what remains beyond whole cycles is below 2 rad.",
    )
    columns = ["stack", "triplets", "cells judged", "flagged", "noise of the rate, median (rad/yr)"]
    publish(
        "5_closure_4_bias",
        "Phase bias flag on the demo, which has no fading signal",
        COMMAND,
        [*columns, "looks, nominal", "looks, effective", "CPU s"],
        [bias_row(demo) for demo in demos],
        "The flag promises 1 % false alarms. tests/insar/test_phase_bias.py plants fading speckle of an analytic model.",
    )


def publish_real(real: Path) -> None:
    """Tables 5 and 6."""
    each, summary = mexico_city(real)
    publish(
        "5_closure_5_mexico_city", "Closure of 30 real interferograms, Mexico City", COMMAND, ["what", "value"], summary
    )
    publish(
        "5_closure_6_mexico_city_triplets",
        "Closure of each triplet, Mexico City",
        COMMAND,
        ["first", "middle", "last", "cells", "not zero", "share", "level (rad)", "RMS of the rest (rad)"],
        each,
        "Every pair comes with a level of its own, so the median closure is taken as zero.",
    )


def publish_presets() -> None:
    """Table 7."""
    columns = [
        "preset",
        "pairs, 30 dates",
        "triplets, 30 dates",
        "pairs, 103 dates",
        "triplets, 103 dates",
        "the paper",
    ]
    publish(
        "5_closure_7_presets",
        "Pairs of the network presets",
        COMMAND,
        columns,
        preset_rows(),
        "Dates every 12 days, simulated perpendicular baselines of 70 m (one sigma). P3 has 310 interferograms of 103 scenes; its"
        " dates are not published. P2 gives no numbers: 36 days and 150 m are an assumption (B08).",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, help="working folder of a finished demo run")
    parser.add_argument(
        "--real", type=Path, default=os.environ.get("SARSLIDE_REAL_DATA"), help="folder of the real data"
    )
    parser.add_argument("--stacks", nargs="+", default=["A128", "D062"], help="stacks of the demo")
    chosen = parser.parse_args()
    if chosen.demo:
        publish_demo([Demo(chosen.demo, stack) for stack in chosen.stacks])
    if chosen.real:
        publish_real(chosen.real)
    publish_presets()


if __name__ == "__main__":
    main()
