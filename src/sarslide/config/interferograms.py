"""Sections of the configuration: pairs, and the engines that make interferograms of them."""

from typing import Annotated, Literal

from sarslide.config.fields import (
    REFERENCE,
    Address,
    DateName,
    EachOnce,
    Mistake,
    MonthDay,
    PairName,
    PathText,
    PatternText,
    Section,
    StackName,
    check,
    key,
)


class NetworkSection(Section):
    """Which pairs are formed; looking only backwards, so that new dates never change old pairs."""

    preset: Literal["nearest", "p0", "p4", "p3", "p2"] = key(
        "nearest",
        "nearest earlier dates; 12 and 24 days (P0, B03); 40 days and 120 m (P4, B18); 60 days and 2 % of the critical baseline"
        " (P3, B13); 36 days and 150 m (P2, B08, gives no numbers: these are an assumption)",
    )
    max_days: int = key(24, "preset nearest: longest temporal baseline", "days", "P0", ge=1, le=1100)
    neighbours: int = key(2, "preset nearest: earlier dates that each date is paired with", "dates", ge=1, le=20)
    season: tuple[MonthDay, MonthDay] | None = key(
        None,
        "first and last day of the year of the dates that are used, such as [06-01, 10-31], the wet season of P0 (A01); the"
        " first may be the later one; null: all dates",
        "MM-DD",
    )
    pairs: Annotated[tuple[PairName, ...], EachOnce] = key(
        (),
        "explicit pairs, earlier_later, instead of the preset; engine files: empty takes all that files.folder holds",
    )


class SlcSection(Section):
    """From the products of a date to its geocoded SLC (engine native)."""

    polarisation: Literal["co", "VV", "VH", "HH", "HV"] = key(
        "co", "polarisation of all dates; co is VV or HH, whichever there is (A07, A09)", "", "P2"
    )
    orbits: Literal["precise", "restituted", "annotation"] = key(
        "restituted",
        "lowest orbit quality accepted; the best one is used and recorded; a precise file that arrives later is a new input",
    )
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where SLCs are geocoded; auto: CUDA where there is a device")
    spectral_diversity: bool = key(
        False, "report the azimuth misregistration of each pair from its burst overlaps; nothing is corrected by it"
    )
    solid_earth_tides: bool = key(False, "take the solid-earth tide out of the phase of each date")


class InterferogramSection(Section):
    """From two geocoded SLCs to a filtered, unwrapped pair."""

    goldstein_alpha: float = key(0.5, "strength of the Goldstein filter, 0 = none (B10)", "", "P2", ge=0, le=1)
    goldstein_window: int = key(
        16, "window of the Goldstein filter; a wider one flattens landslides smaller than it", "cells", ge=8, le=256
    )
    unwrap_window: int = key(
        32,
        "window of a second Goldstein filter that only decides the cycles of the unwrapped phase, at least 8; 0: none",
        "cells",
        ge=0,
        le=256,
    )
    coherence_window: int = key(
        3, "side of the coherence window; 3 x 3 cells of 30 m hold about 78 looks", "cells", ge=1, le=15
    )
    unwrapper: Literal["whirlwind", "snaphu"] = key("whirlwind", "phase unwrapping; snaphu runs with init=mst (B20)")
    unwrapped_phase: Literal["filtered", "unfiltered"] = key(
        "filtered",
        "phase that the rates are made of: the filtered one, or the unfiltered one with the same cycles",
    )

    linking: Literal["auto", "none", "evd", "emi"] = key(
        "auto",
        "filtered phase of a pair; none: its own, by the Goldstein filter; evd, emi: that of its dates, linked over all pairs"
        " of a mini-stack (engine native); auto: emi where the native engine makes rates, none for stacks of less than three"
        " dates, with rates.phase_bias remove, and where another Goldstein filter is set",
    )
    ministack: int = key(
        10,
        "dates that are linked together, with the compressed earlier ones; a new date changes only its own mini-stack",
        "dates",
        ge=3,
        le=100,
    )

    @check
    def _window_holds_patches(self) -> None:
        if 0 < self.unwrap_window < 8:
            raise Mistake(
                f"interferogram.unwrap_window = {self.unwrap_window}",
                "give at least 8 cells, or 0 for no second filter",
                "interferogram.unwrap_window",
            )


class Isce2Section(Section):
    """ISCE2's topsStack, for the engine `isce2`."""

    reference: dict[StackName, DateName] = key(
        {}, "date that the others are coregistered to; none: the first of the stack, which a later date does not change"
    )
    step_limit_min: int = key(240, "an ISCE2 step that takes longer is ended", "min", ge=1, le=10000)
    aux: PathText = key("", "folder of AUX_CAL files, for products of IPF 002.36; $VARIABLES are expanded")


class FilesSection(Section):
    """Existing interferograms, for the engine `files`."""

    naming: Literal["gamma", "licsar", "aria", "hyp3", "nisar", "custom"] = key(
        "gamma", "whose files they are: gives patterns, sign and unit of coherence; custom: all declared below"
    )
    folder: PathText = key("", "folder of the products; $VARIABLES are expanded")
    unwrapped: PatternText = key(
        "", "file pattern of the unwrapped phase of a pair, with {earlier} and {later}; empty: the naming's"
    )
    coherence: PatternText = key("", "file pattern of the coherence of a pair; empty: the naming's")
    baselines: PatternText = key(
        "",
        "file pattern, below folder, of the perpendicular baselines of a pair (GAMMA's base_perp, or TCN); empty: the naming's",
    )
    positive_phase: Literal["away", "towards"] | None = key(
        None, "motion that makes the delivered phase grow (J10); null: as the naming or the product states"
    )
    ionosphere: bool = key(
        False, "take the product's own phase screen of the ionosphere off the phase; only NISAR GUNW holds one"
    )
    wavelength_m: float | None = key(
        None, "radar wavelength (B29); null: as the product states, else Sentinel-1's", "m", "P0", ge=0.02, le=0.3
    )
    incidence_deg: float | None = key(
        None,
        "incidence angle from the ellipsoid normal, where the product has none by cell; null: as the product states, else"
        " Sentinel-1's",
        "degree",
        ge=15,
        le=60,
    )
    heading_deg: float | None = key(
        None,
        "flight direction, clockwise from north, where the product has none by cell; null: as the product states, else"
        " Sentinel-1's by pass",
        "degree",
        ge=0,
        lt=360,
    )

    @check
    def _custom_is_declared(self) -> None:
        if self.naming == "custom" and not self.unwrapped:
            raise Mistake(
                "files.naming is custom, files.unwrapped is empty",
                "declare the file patterns",
                *("files.unwrapped", "files.naming"),
            )


class Hyp3Section(Section):
    """Orders to ASF's HyP3, for source and engine `hyp3`. Its jobs are publicly visible."""

    job_type: Literal["INSAR_ISCE_MULTI_BURST", "INSAR_ISCE_BURST", "INSAR_GAMMA"] = key(
        "INSAR_ISCE_MULTI_BURST", "up to 15 bursts a date, one burst a date, or one whole SLC scene a date"
    )
    looks: Literal["20x4", "10x2", "5x1"] = key("10x2", "looks in range x azimuth: 80, 40 or 20 m; scenes have no 5x1")
    water_mask: bool = key(False, "HyP3 leaves water out of the unwrapping")
    token: str = key(
        "netrc",
        "where the Earthdata Login is, never the secret itself: netrc, env:NAME of a variable, file:PATH of a file with a token",
    )
    api_url: Address = key("https://hyp3-api.asf.alaska.edu", "address of the HyP3 deployment")
    wait_h: float = key(48.0, "a job that takes longer is given up until the next run", "h", gt=0, le=1000)

    @check
    def _only_references(self) -> None:
        # The value may be the secret itself: it is not shown.
        if not REFERENCE.fullmatch(self.token):
            raise Mistake(
                "hyp3.token is no reference", "write netrc, env:NAME or file:PATH, never a token", "hyp3.token"
            )

    @check
    def _looks_fit_job(self) -> None:
        if self.job_type == "INSAR_GAMMA" and self.looks == "5x1":
            raise Mistake(
                "hyp3.looks = 5x1 does not fit INSAR_GAMMA", "choose 20x4 or 10x2", *("hyp3.looks", "hyp3.job_type")
            )


class SnapSection(Section):
    """ESA SNAP's graphs, for the engine `snap`."""

    gpt: PathText = key("gpt", "SNAP's graph processing tool: a command on PATH or its file; $VARIABLES are expanded")
    snaphu: PathText = key("snaphu", "SNAPHU, which SNAP does not contain: a command on PATH or its file")
    auxdata: PathText = key(
        "~/.snap/auxdata",
        "folder where SNAP is set to look for auxiliary data; orbit files beside the products are put there",
    )
    memory_gb: int = key(8, "Java heap of a step; SNAP's tile cache takes half of it", "GB", ge=2, le=1024)
    range_looks: int = key(8, "looks in range before filter and unwrapping; 8 x 2 are about 30 m", ge=1, le=40)
    azimuth_looks: int = key(2, "looks in azimuth", ge=1, le=20)
    coherence_range: int = key(20, "side of the coherence window in range, at full resolution", "samples", ge=2, le=100)
    coherence_azimuth: int = key(5, "side of the coherence window in azimuth", "lines", ge=2, le=50)
    step_limit_min: int = key(240, "a step that takes longer is ended", "min", ge=1, le=10000)
