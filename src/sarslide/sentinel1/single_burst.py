"""Single bursts as the Alaska Satellite Facility cuts them out of SLC products.

`S1_...-BURST.tiff` has the samples of one burst, `S1_...-BURST.xml` the manifest and all
annotations of the product.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from sarslide.errors import SafeError
from sarslide.io import bounded
from sarslide.sentinel1.annotation import burst_times
from sarslide.sentinel1.orbit import stamp
from sarslide.sentinel1.product import COPY_AGAIN, Facts, FactsMixin, SwathFiles, facts_of

NAME = re.compile(r"S1_(\d+)_(IW\d)_(\d{8}T\d{6})_(VV|VH|HH|HV)_[0-9A-F]{4}-BURST")
CYCLE_S = 2.76  # bursts of a swath follow each other at this interval
MANIFEST = "manifest/{urn:ccsds:schema:xfdu:1}XFDU"


@dataclass(frozen=True)
class SingleBurst(FactsMixin):
    """One burst with its annotation; to a scene what a `SafeProduct` is, of one swath.

    Attributes
    ----------
    path : Path
        The file of its samples.
    facts : Facts
        What the manifest states, with the times of the burst.
    polarisation : str
        VV, VH, HH or HV.
    swath : SwathFiles
        Its annotation and samples.
    """

    path: Path
    facts: Facts
    polarisation: str
    swath: SwathFiles

    @property
    def polarisations(self) -> tuple[str, ...]:
        """The one that there is."""
        return (self.polarisation,)

    def swaths(self, polarisation: str) -> list[SwathFiles]:
        """The swath of the burst, if it has that polarisation.

        Parameters
        ----------
        polarisation : str
            VV, VH, HH or HV.

        Returns
        -------
        list of SwathFiles
            One, or none.
        """
        return [self.swath] if polarisation == self.polarisation else []


def open_single_burst(path: str | Path) -> SingleBurst:
    """The burst of a file `S1_...-BURST.tiff`, whose `.xml` lies beside it.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    SingleBurst
        The burst.

    Raises
    ------
    SafeError, AnnotationError
        Where the metadata is missing, incomplete or of another burst.
    """
    path = Path(path)
    match = NAME.fullmatch(path.stem)
    try:
        _, swath, time, polarisation = match.groups() if match else ("",) * 4
        # The name's time is that of the first line, cut to the second.
        wanted = stamp(time) + np.timedelta64(500, "ms")
    except ValueError:
        raise SafeError(
            f"{path}: not the name of a single burst", "keep the name S1_<id>_<swath>_<time>_<pol>_<hex>-BURST"
        ) from None
    xml = path.with_suffix(".xml")
    root = bounded.xml_file(xml, SafeError, cure="download the metadata of the burst again")
    manifest = root.find(MANIFEST)
    content = next(
        (
            one.find("content")
            for one in root.iterfind("metadata/product")
            if (one.findtext("swath"), one.findtext("polarisation")) == (swath, polarisation)
        ),
        None,
    )
    if manifest is None or content is None:
        raise SafeError(f"{xml}: has no manifest or no annotation of {swath} {polarisation}", COPY_AGAIN)
    starts, length = burst_times(content, str(xml))
    away = np.abs(starts - wanted) / np.timedelta64(1, "s")
    only = int(away.argmin())
    if away[only] > CYCLE_S / 2:
        raise SafeError(f"{xml}: has no burst of {swath} at {time}", "download burst and metadata of one name again")
    facts = replace(facts_of(manifest, str(xml)), start=starts[only], stop=starts[only] + length)
    annotation = SwathFiles(str(xml), ElementTree.tostring(content), str(path), only)
    return SingleBurst(path, facts, polarisation, annotation)
