"""The acquisition that the products of one pass and an orbit form."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.errors import AnnotationError, OrbitError, SafeError, StackError
from sarslide.sentinel1.annotation import Annotation, parse_annotation
from sarslide.sentinel1.burst import CYCLE_S, Burst, bursts_of
from sarslide.sentinel1.orbit import Arc, Orbit, choose_eof, joined, kind_of, read_eof, seconds
from sarslide.sentinel1.product import COPY_AGAIN, SafeProduct, SwathFiles, open_product
from sarslide.sentinel1.single_burst import SingleBurst, open_single_burst

log = logging.getLogger(__name__)

SLICE_GAP = np.timedelta64(60, "s")  # products that are farther apart are not of one pass


def products_in(folder: str | Path) -> list[SafeProduct | SingleBurst]:
    """Products in the folder of a date: `*.SAFE` folders, `S1*.zip`, `S1_*-BURST.tiff`.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Returns
    -------
    list of SafeProduct or SingleBurst
        In order of time.

    Raises
    ------
    SafeError
        When there is none.
    """
    folder = Path(folder)
    found: list[SafeProduct | SingleBurst] = [
        open_product(path) for path in sorted([*folder.glob("S1*.SAFE"), *folder.glob("S1*.zip")])
    ]
    found += [open_single_burst(path) for path in sorted(folder.glob("S1_*-BURST.tif*"))]
    if not found:
        raise SafeError(
            f"{folder}: holds no SAFE product",
            "put one S1?_IW_SLC__*.SAFE folder or zip a slice, or S1_*-BURST.tiff and .xml, there",
        )
    return sorted(found, key=lambda product: (product.start, product.path.name))


@dataclass(frozen=True)
class Scene:
    """One acquisition of a stack: the bursts of all its slices and swaths, and its orbit.

    Attributes
    ----------
    stack : str
        Pass and relative orbit.
    date : str
        UTC date on which its first product starts; a pass across midnight keeps it to its end.
    mission : str
        S1A ...
    polarisation : str
        VV, VH, HH or HV.
    ipf_version : str
        Version of the processor of its first product.
    epoch : numpy.datetime64
        Zero of times: UTC midnight.
    orbit : Orbit
        State vectors.
    orbit_kind : str
        precise, restituted or annotation.
    arc : Arc
        The orbit over the scene.
    wavelength_m : float
        m.
    bursts : tuple of Burst
        In order of time.
    products : tuple of str
        Names of its products.
    left_out : tuple of str
        Bursts that another product delivers, too, as `<burst> of <product>`.
    """

    stack: str
    date: str
    mission: str
    polarisation: str
    ipf_version: str
    epoch: np.datetime64
    orbit: Orbit
    orbit_kind: str
    arc: Arc
    wavelength_m: float
    bursts: tuple[Burst, ...]
    products: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def cycle_phase(self) -> float:
        """Fraction of the burst cycle at which its bursts have their middle, 0..1."""
        return self.bursts[0].cycle % 1

    def utc(self, time_s: float) -> str:
        """ISO time of a second count.

        Parameters
        ----------
        time_s : float
            s from the epoch.

        Returns
        -------
        str
            To the millisecond.
        """
        return self.orbit.utc(time_s)


def open_scene(
    folder: str | Path, stack: str | None = None, polarisation: str = "co", orbits: str = "restituted"
) -> Scene:
    """The acquisition in a folder: products of one pass and the orbit file that covers them.

    Parameters
    ----------
    folder : str or Path
        The folder.
    stack : str, optional
        What the products must be of; by default what the first one is of.
    polarisation : str
        VV, VH, HH, HV, or co for VV or HH, whichever there is.
    orbits : str
        Lowest quality accepted, of `orbit.KINDS`; with `annotation` the state vectors of the
        products serve where there is no file.

    Returns
    -------
    Scene
        The acquisition.

    Raises
    ------
    SafeError, AnnotationError
        For a broken product or one without the polarisation.
    OrbitError
        Without a usable orbit.
    StackError
        When a product is not of `stack` or when products of several tracks, satellites or passes
        lie together.
    """
    products = products_in(folder)
    first = products[0]
    _check_pass(products, stack or first.stack)
    chosen = _polarisation(products, polarisation)
    epoch = first.start.astype("datetime64[D]").astype("datetime64[us]")
    swaths = [
        (product, files, parse_annotation(files.annotation, files.name, epoch))
        for product in products
        for files in product.swaths(chosen)
    ]
    for product, _, annotation in swaths:
        _check_annotation(product, annotation, chosen)
    annotations = [annotation for *_, annotation in swaths]
    if not annotations:
        raise AnnotationError(f"{first.path}: has no annotation of {chosen}", COPY_AGAIN)
    orbit, arc = _orbit(Path(folder), products, annotations, orbits)
    bursts, left_out = _each_once(swaths, arc)
    return Scene(
        stack=first.stack,
        date=str(first.start)[:10].replace("-", ""),
        mission=first.mission,
        polarisation=chosen,
        ipf_version=first.ipf_version,
        epoch=epoch,
        orbit=orbit,
        orbit_kind=kind_of(orbit.source),
        arc=arc,
        wavelength_m=annotations[0].wavelength_m,
        bursts=bursts,
        products=tuple(product.path.name for product in products if chosen in product.polarisations),
        left_out=left_out,
    )


def _check_pass(products: list[SafeProduct | SingleBurst], stack: str) -> None:
    """StackError unless the products, ordered by time, are one pass of `stack`."""
    stop = products[0].stop
    for product in products:
        if product.mission != products[0].mission:
            raise StackError(
                f"{product.path}: is of {product.mission}, {products[0].path.name} of {products[0].mission}",
                "keep one folder for each acquisition",
            )
        if product.stack != stack:
            raise StackError(
                f"{product.path}: is of track {product.stack}, not {stack}", "keep one folder for each track and date"
            )
        if product.start - stop > SLICE_GAP:
            raise StackError(
                f"{product.path}: starts {product.start}, more than a minute after the slice before it",
                "keep the slices of one pass in the folder of their date",
            )
        stop = max(stop, product.stop)


def _check_annotation(product: SafeProduct | SingleBurst, annotation: Annotation, polarisation: str) -> None:
    """AnnotationError unless it belongs to its product."""
    held = annotation.mission, annotation.polarisation
    if held != (product.mission, polarisation):
        raise AnnotationError(
            f"{annotation.name}: is of {' '.join(held)}, its product of {product.mission} {polarisation}", COPY_AGAIN
        )
    if abs(annotation.start_s - seconds(product.start, annotation.epoch)) > SLICE_GAP / np.timedelta64(1, "s"):
        raise AnnotationError(
            f"{annotation.name}: starts {annotation.orbit.utc(annotation.start_s)}, its product {product.start}",
            COPY_AGAIN,
        )


def _polarisation(products: list[SafeProduct | SingleBurst], wanted: str) -> str:
    held = {one for product in products for one in product.polarisations}
    choices = ("VV", "HH") if wanted == "co" else (wanted,)
    chosen = next((one for one in choices if one in held), None)
    without = [p for p in products if isinstance(p, SafeProduct) and chosen not in p.polarisations]
    if chosen is None or without:
        asked = chosen or ("co-polarised" if wanted == "co" else wanted)
        where = (without or products)[0]
        raise SafeError(
            f"{where.path}: has no {asked} annotation, only {', '.join(where.polarisations) or 'none'}",
            "set slc.polarisation to what all dates have, or copy the product again",
        )
    return chosen


def _orbit(
    folder: Path, products: list[SafeProduct | SingleBurst], annotations: list[Annotation], lowest: str
) -> tuple[Orbit, Arc]:
    epoch = annotations[0].epoch
    start, stop = min(one.start_s for one in annotations), max(one.stop_s for one in annotations)
    try:
        eof = choose_eof(
            folder, products[0].mission, products[0].start, max(product.stop for product in products), lowest
        )
    except OrbitError as error:
        if lowest != "annotation":
            raise
        log.warning("the orbit is that of the annotation: %s", error.problem)
        orbit = joined([one.orbit for one in annotations])
    else:
        orbit = read_eof(eof, products[0].mission, epoch, start, stop)
    return orbit, orbit.arc(start, stop)


def _each_once(
    swaths: list[tuple[SafeProduct | SingleBurst, SwathFiles, Annotation]], arc: Arc
) -> tuple[tuple[Burst, ...], tuple[str, ...]]:
    """The bursts of all products in order of time, and what was left out.

    Slices overlap, and products are processed anew: of a burst that is delivered more than once the
    one of the newest processor counts, then the one processed last.
    """
    kept: list[Burst] = []
    left_out = []
    for product, files, annotation in sorted(swaths, key=lambda one: _age(one[0]), reverse=True):
        for burst in bursts_of(annotation, arc, files.raster, int(product.stack[1:]), files.only):
            twin = any(one.swath == burst.swath and abs(one.start_s - burst.start_s) < CYCLE_S / 2 for one in kept)
            if twin:
                left_out.append(f"{burst.name} of {product.path.name}")
            else:
                kept.append(burst)
    if left_out:
        log.info("%d bursts are delivered more than once: %s left out", len(left_out), ", ".join(sorted(left_out)))
    return tuple(sorted(kept, key=lambda burst: (burst.start_s, burst.swath))), tuple(sorted(left_out))


def _age(product: SafeProduct | SingleBurst) -> tuple[str, str, str]:
    return product.ipf_version, product.facts.processed, product.path.name
