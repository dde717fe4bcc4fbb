"""A row of the scene table: what each of its columns may hold.

Names of granules and orbits become names of files, addresses are fetched: nothing else passes.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sarslide import names
from sarslide.config.fields import refused

CHECKSUM = re.compile(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})?")
ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-:]+/[A-Za-z0-9._~/%()$\-]+")
LARGEST_BASELINE_M = 1e5
NEXT_DAY = 1  # of a slice after midnight, whose pass keeps the date of its start


def _fits(pattern: str) -> Any:
    return Field(pattern=f"^(?:{pattern})$", max_length=2000)


def _named(check: Any) -> AfterValidator:
    def validate(text: str) -> str:
        with refused():
            check(text)
        return text

    return AfterValidator(validate)


def _number(text: str) -> str:
    if text and not abs(float(text)) <= LARGEST_BASELINE_M:  # also for NaN
        raise ValueError(f"is no baseline of at most {LARGEST_BASELINE_M / 1e3:g} km")
    return text


def _time(text: str) -> str:
    if text:
        datetime.fromisoformat(text[:26])
    return text


Granule = Annotated[str, _fits(r"[A-Za-z0-9_][A-Za-z0-9._() +\-]{0,199}")]
Time = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?)?$"), AfterValidator(_time)]
Number = Annotated[str, AfterValidator(_number)]


class SceneRow(BaseModel):
    """A row of a table of products in folders, or written by hand; most cells may be empty."""

    model_config = ConfigDict(extra="forbid")

    stack: Annotated[str, _named(names.check_stack)]
    date: Annotated[str, _named(names.parse_date)]
    granule: Granule
    platform: Annotated[str, _fits("(S1[A-D])?")]
    absolute_orbit: Annotated[str, _fits("[0-9]{0,7}")]
    start_utc: Time
    sha256: Annotated[str, _fits("([0-9a-f]{64})?")]
    orbit_file: Annotated[str, _fits(r"|annotation|[A-Za-z0-9_]{1,80}\.EOF")]
    first_seen: Annotated[str, _fits("[0-9TZ:.+-]{0,40}")]
    bperp_m: Number = ""
    critical_bperp_m: Number = ""


class ArchiveRow(SceneRow):
    """A row of a table that is filled from an archive; orbit and times are known."""

    absolute_orbit: Annotated[str, _fits("[0-9]{1,7}")]
    stop_utc: Time
    polarisation: Annotated[str, _fits(r"((VV|VH|HH|HV)(\+(VV|VH|HH|HV))?)?")]
    burst_ids: Annotated[str, _fits("([0-9]{6}_(IW[123])( [0-9]{6}_IW[123])*)?")]
    bytes: Annotated[str, _fits("[0-9]{0,13}")]
    checksum: Annotated[str, _fits(CHECKSUM.pattern)]
    address: Annotated[str, _fits(f"({ADDRESS.pattern})?")]
    superseded_by: Annotated[str, _fits(r"([A-Za-z0-9_][A-Za-z0-9._\-]{0,199})?")]

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        start, stop = (datetime.fromisoformat(text[:26]) for text in (self.start_utc, self.stop_utc))
        if stop < start or not 0 <= (start.date() - names.parse_date(self.date)).days <= NEXT_DAY:
            raise ValueError(f"{self.start_utc} to {self.stop_utc} is no acquisition of {self.date}")
        return self
