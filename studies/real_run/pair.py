"""Step `pair`: interferograms of three dates of one track, from search to phase.

seams     step of the phase where one burst takes over from the next (`seams`)
overlaps  difference of two bursts on the ground that both see, as the engine measures it
closure   of the three pairs of three dates, wrapped and unwrapped; two dates have none
HyP3      the phase of HyP3's product of one of the pairs, where the user names it
"""

from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import names
from sarslide.catalog import scenes
from sarslide.grid import RegionGrid
from sarslide.insar.closure import close_triplets
from sarslide.insar.external import hyp3
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from studies.real_run import COMMAND, row
from studies.real_run.place import BOUNDS, REGION, Place
from studies.real_run.seams import bands_seen, steps

# Dry months: the ground of the Eel River keeps its coherence.
KEYS = {"region": REGION, "stacks": ["A035"], "grid": {"bounds": list(BOUNDS)}} | {
    "catalog": {"start": "20190701", "end": "20190831"}
}
GAPS = (6, 12)  # days between the dates
# A shift of 0.001 lines along the track, which users of TOPS ask for (Yague-Martinez et al. 2016,
# doi:10.1109/TGRS.2015.2497902): 2 pi x 4.6 kHz between the bursts x 2.06 us.
MAX_STEP_RAD = 0.06
MAX_OPEN = 0.01  # share of cells whose unwrapped phases do not close
COHERENT = 0.5
MIN_CORRELATION, MAX_RMS_RAD = 0.95, 0.3


@dataclass(frozen=True)
class Difference:
    """Two phases of one pair on the cells that are coherent in both.

    Attributes
    ----------
    cells : int
        Their number.
    correlation : float
        Of the unit phasors, 0 to 1.
    rms_rad : float
        Of the difference beyond its mean, rad.
    """

    cells: int
    correlation: float
    rms_rad: float


@dataclass(frozen=True)
class Files:
    """Layers of the pairs of a stack.

    Attributes
    ----------
    folder : Path
        Of what the engine made.
    grid : RegionGrid
        The region.
    """

    folder: Path
    grid: RegionGrid

    def layer(self, pair: str, name: str, band: int = 1) -> np.ndarray:
        """A layer of a pair."""
        return raster.read(self.folder / f"ifg/{pair}.{name}.tif", self.grid, band)

    def about(self, pair: str) -> dict[str, Any]:
        """The record of a pair."""
        return read_json(self.folder / f"ifg/{pair}.json")


def chosen(dates: list[str]) -> list[str]:
    """The first three dates that are 6 or 12 days apart, or two where there are no three.

    Parameters
    ----------
    dates : list of str
        Of a track, in order.

    Returns
    -------
    list of str
        Three, or two.

    Raises
    ------
    SystemExit
        Without two.
    """
    for count in (3, 2):
        for found in zip(*(dates[k:] for k in range(count)), strict=False):
            if all(names.pair_days(f"{one}_{other}") in GAPS for one, other in pairwise(found)):
                return list(found)
    raise SystemExit(f"no two dates 6 or 12 days apart among {', '.join(dates) or 'none'}: widen catalog.start and end")


def pairs_of(dates: list[str]) -> list[str]:
    """Every pair of some dates."""
    return [f"{one}_{other}" for one, other in combinations(dates, 2)]


def run(place: Place, product: Path | None = None) -> list[dict[str, Any]]:
    """Search, download, process and measure.

    Parameters
    ----------
    place : Place
        Working folder.
    product : Path, optional
        HyP3's product of a pair of the track, a folder or a zip.

    Returns
    -------
    list of dict
        Rows of the record.
    """
    place.begin(KEYS)
    config = place.config()
    (stack, *_), grid = config.stacks, config.grid.region_grid()
    place.run("update")
    dates = scenes.table(config, place.folder / "resources").dates(stack)
    pairs = pairs_of(chosen(dates))
    theirs = _pair_of(product, dates) if product else None
    files = Files(place.made(stack), grid)
    made = list(dict.fromkeys([*pairs, *filter(None, [theirs])]))
    targets = [str((files.folder / f"ifg/{pair}.unw_rad.tif").relative_to(place.folder)) for pair in made]
    place.run("run", "--", *targets)
    rows = [each for pair in pairs for each in seam_rows(stack, pair, files)]
    rows += closure_rows(stack, pairs, files)
    return rows + (hyp3_rows(stack, theirs, files, product) if product and theirs else [])


def seam_rows(stack: str, pair: str, files: Files) -> list[dict[str, Any]]:
    """Steps of a pair at its seams, and the difference of its bursts on common ground."""
    earlier, _ = names.split_pair(pair)
    seen = bands_seen(files.folder / f"gslc/{earlier}.tif", files.grid)
    found = steps(files.layer(pair, "wrapped_rad"), files.layer(pair, "cor"), seen)
    shown = ", ".join(f"{one:+.3f}" for one in found.seams_rad) or "no seam in the region"
    rows = [
        row(
            f"{stack} {pair}: step at burst seams, rad",
            f"{shown}; away from seams, 2 rms: {found.noise_rad:.3f}",
            COMMAND,
            "<= 2 rms away from seams",
            bool(found.largest_rad <= found.noise_rad),
        )
    ]
    if common := files.about(pair)["overlap"]["bursts"]:
        rows.append(
            row(
                f"{stack} {pair}: difference of two bursts on common ground, rad",
                f"{common['median_rad']:+.4f} ({common['cells']} cells, spread {common['spread_rad']:.2f})",
                COMMAND,
                f"<= {MAX_STEP_RAD}",
                abs(common["median_rad"]) <= MAX_STEP_RAD,
            )
        )
    return rows


def closure_rows(stack: str, pairs: list[str], files: Files) -> list[dict[str, Any]]:
    """Closure of the triangle of three dates."""
    if len(pairs) < len(pairs_of(["", "", ""])):
        return [row(f"{stack}: phase closure", "none: two dates close no triangle", COMMAND, met=False)]

    def read(pair: str, rows: slice, cols: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        unwrapped, wrapped = (files.layer(pair, name)[rows, cols] for name in ("unw_rad", "wrapped_rad"))
        return unwrapped, wrapped, files.layer(pair, "conncomp")[rows, cols]

    (found,) = close_triplets(read, pairs, files.grid.shape, lambda *_: None).triplets
    dates = ", ".join(sorted({date for pair in pairs for date in names.split_pair(pair)}))
    rest = found.wrapped_rms_rad if found.wrapped_rms_rad is not None else float("nan")
    share = found.open / found.cells if found.cells else float("nan")
    return [
        row(
            f"{stack} {dates}: closure of the wrapped phases, rad",
            f"mean {found.wrapped_mean_rad or 0.0:+.4f}, rms {rest:.3f}",
            COMMAND,
        ),
        row(
            f"{stack} {dates}: share of cells whose unwrapped phases do not close",
            f"{share:.4f} of {found.cells} cells",
            COMMAND,
            f"<= {MAX_OPEN}",
            share <= MAX_OPEN,
        ),
    ]


def _pair_of(path: Path, dates: list[str]) -> str:
    """The pair of a HyP3 product, whose dates must be among those of the track."""
    product = hyp3.open_product(path)
    both = sorted(hyp3.dates(product, hyp3.metadata(product)))
    if set(both) - set(dates):
        raise SystemExit(f"{path}: is of {' and '.join(both)}; the search found {', '.join(dates)}")
    return "_".join(both)


def hyp3_rows(stack: str, pair: str, files: Files, path: Path) -> list[dict[str, Any]]:
    """Our phase of a pair beside HyP3's."""
    product = hyp3.open_product(path)
    theirs = hyp3.ingest(product, pair, files.grid)
    ours = files.layer(pair, "wrapped_rad", 2)
    coherent = (files.layer(pair, "cor") >= COHERENT) & (theirs.coherence >= COHERENT)
    found = difference(ours, theirs.wrapped_rad[1], coherent)
    return [
        row(
            f"{stack} {pair}: phase beside HyP3's {'INSAR_GAMMA' if product.gamma else 'INSAR_ISCE'}",
            ", ".join(f"{name} {value:.4g}" for name, value in asdict(found).items()),
            COMMAND,
            f"correlation >= {MIN_CORRELATION}, rms <= {MAX_RMS_RAD} rad",
            found.correlation >= MIN_CORRELATION and found.rms_rad <= MAX_RMS_RAD,
        )
    ]


def difference(ours_rad: np.ndarray, theirs_rad: np.ndarray, coherent: np.ndarray) -> Difference:
    """Two phases of one pair, which may have a constant between them.

    Parameters
    ----------
    ours_rad, theirs_rad : (rows, cols) array of float
        Wrapped phases, rad.
    coherent : (rows, cols) array of bool
        Cells that count, where both have a phase.

    Returns
    -------
    Difference
        NaN without a cell.
    """
    between = (ours_rad - theirs_rad)[coherent]
    phasor = np.exp(1j * between[np.isfinite(between)])
    if not phasor.size:
        return Difference(0, float("nan"), float("nan"))
    mean = phasor.mean()
    left = np.angle(phasor * np.exp(-1j * np.angle(mean)))
    return Difference(phasor.size, float(np.abs(mean)), float(np.sqrt((left**2).mean())))
