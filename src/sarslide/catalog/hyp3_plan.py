"""What is ordered from ASF's HyP3 for a pair: names of granules, and the job that they make.

No network is used. Job types: hyp3-docs (using/api.md). A job's name is made of the pair and of all
that decides its product, so that an order that was placed is found again and never placed twice:
HyP3 charges credits.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from sarslide.errors import CatalogError, StackError

BURST = re.compile(r"S1_(\d{6})_(IW[123])_(\d{8})T\d{6}_(VV|HH)_[0-9A-F]{4}-BURST")
SCENE = re.compile(r"S1[A-D]_IW_SLC__1S\w{2}_(\d{8})T\d{6}_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}")
MULTI_BURST, SINGLE_BURST, GAMMA = "INSAR_ISCE_MULTI_BURST", "INSAR_ISCE_BURST", "INSAR_GAMMA"
MAX_BURSTS = 15
ID_AND_SWATH = slice(3, 13)


@dataclass(frozen=True)
class Order:
    """What is ordered.

    Attributes
    ----------
    stack, pair : str
        Of the product.
    job_type : str
        Of HyP3.
    earlier, later : tuple of str
        Granules of the two dates.
    looks : str
        In range x azimuth.
    water_mask : bool
        Whether water is masked.
    """

    stack: str
    pair: str
    job_type: str
    earlier: tuple[str, ...]
    later: tuple[str, ...]
    looks: str
    water_mask: bool

    @property
    def name(self) -> str:
        """Name of the job: the same for the same order, another one for any other."""
        decides = [self.job_type, self.earlier, self.later, self.looks, self.water_mask]
        return f"sarslide-{self.stack}-{self.pair}-{hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:8]}"

    def to_dict(self) -> dict[str, Any]:
        """The same as a JSON-ready dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Order":
        """The order that `to_dict` made a dictionary of.

        Parameters
        ----------
        values : dict
            Read from JSON.

        Returns
        -------
        Order
            The order.
        """
        return cls(**values | {when: tuple(values[when]) for when in ("earlier", "later")})


def check_granule(granule: str, date: str, job_type: str) -> None:
    """Check that a granule is what a job type takes.

    Parameters
    ----------
    granule : str
        Its name.
    date : str
        `YYYYMMDD` that it must be of.
    job_type : str
        Of HyP3.

    Raises
    ------
    CatalogError
        Unless it is.
    """
    pattern, what = (
        (SCENE, "an SLC scene") if job_type == GAMMA else (BURST, "a burst, S1_<id>_IW<n>_<time>_<VV|HH>_<hex>-BURST")
    )
    match = pattern.fullmatch(granule)
    if match is None or date not in match.groups():
        raise CatalogError(
            f"scenes.csv: granule '{granule}' of {date} is no name of {what} of that date",
            f"correct the row, or hyp3.job_type = {job_type}",
        )


def make_order(
    stack: str, pair: str, granules: dict[str, list[str]], job_type: str, looks: str, water_mask: bool
) -> Order:
    """The order of a pair.

    Parameters
    ----------
    stack, pair : str
        Of the product.
    granules : dict
        By date, as in the scene table.
    job_type : str
        Of HyP3.
    looks : str
        In range x azimuth.
    water_mask : bool
        Whether water is masked.

    Returns
    -------
    Order
        The order.

    Raises
    ------
    CatalogError
        For granules that the job type does not take.
    StackError
        When the two dates do not have the same bursts.
    """
    earlier, later = (sorted(granules[date]) for date in pair.split("_"))
    for date, found in zip(pair.split("_"), (earlier, later), strict=True):
        for granule in found:
            check_granule(granule, date, job_type)
        if len(found) > (MAX_BURSTS if job_type == MULTI_BURST else 1):
            raise CatalogError(
                f"scenes.csv: {len(found)} granules of {stack} {date}, more than {job_type} takes",
                f"keep one granule a date, or {MAX_BURSTS} bursts with {MULTI_BURST}",
            )
    if job_type != GAMMA:
        bursts = [{granule[ID_AND_SWATH] for granule in found} for found in (earlier, later)]
        if one_sided := bursts[0] ^ bursts[1]:
            has, lacks = pair.split("_") if min(one_sided) in bursts[0] else pair.split("_")[::-1]
            raise StackError(
                f"pair {pair} of {stack}: burst {min(one_sided)} is there on {has}, missing on {lacks}",
                "add its row to scenes.csv, or take the burst out of all dates",
            )
    return Order(stack, pair, job_type, tuple(earlier), tuple(later), looks, water_mask)
