"""The configuration: typed, documented, closed. `config.yaml` and `config.schema.json` are generated from these models.

Order of precedence: defaults here < the region's preset < config.yaml < `--config` of the command line. A preset is
packaged, or a file `regions/<region>.yaml` of the working folder.
Every key states its meaning, unit, range and source; a key that no model knows is refused with one line.
"""

import json
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sarslide import names
from sarslide.errors import ConfigError, SarslideError
from sarslide.grid import RegionGrid

REGIONS = Path(__file__).parents[1] / "regions"
OWN_REGIONS = "regions"  # of the working folder
TEMPLATE = """\
# A region of your own: what has no usable default. Every key of config.yaml may stand here as well.
source: safe
stacks: [A128, D062] # A or D and the relative orbit of each track
grid:
  epsg: 32647 # projected, in metres
  bounds: [515130, 3200340, 523230, 3215640] # west, south, east, north; m
  dem: glo30 # or aw3d30, srtm, or a file with ellipsoidal heights
catalog:
  archive: asf # or copernicus; folder: SAFE folders and orbits of your own below resources/{region}/slc
  start: "20190301" # first and last date; end null: open, for scheduled runs
  end: null
"""

StackName = Annotated[str, Field(pattern=f"^{names.STACK}$")]
DateName = Annotated[str, Field(pattern=f"^{names.DATE}$")]
PairName = Annotated[str, Field(pattern=f"^{names.PAIR}$")]
WindowName = Annotated[str, Field(pattern=f"^{names.IDENTIFIER}$")]
# How a login may be named: what it holds is never written into the configuration.
REFERENCE = re.compile(r"netrc|env:[A-Za-z_][A-Za-z0-9_]*|file:.+")


def key(default: Any, meaning: str, unit: str = "", source: str = "sarslide", **limits: Any) -> Any:
    """A leaf key: default, one-line meaning, unit, source (a paper id or 'sarslide') and limits (`ge`, `le` ...)."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit, "source": source}, **limits)


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Grid(Section):
    """The region grid and its elevation model."""

    epsg: int = key(32647, "projected CRS of the region, in metres", "EPSG code", ge=1024, le=32767)
    bounds: tuple[float, float, float, float] = key(
        (515130, 3200340, 523230, 3215640), "west, south, east, north of the region", "m"
    )
    cell_m: float = key(30, "cell size; 30 in P0 and P4, 25 in P2 (A07, C09)", "m", "P4", ge=10, le=200)
    product_m: float | None = key(
        None,
        "cell size of the final products, resampled from cells of cell_m; 12.5 from 25 in P3 (C09); null: cell_m",
        "m",
        "P3",
        ge=5,
        le=200,
    )
    margin_m: float = key(3000, "DEM margin around the region, for layover, shadow and curvature", "m", ge=0, le=50000)
    dem: str = key(
        "",
        "DEM of a real region: a file ($VARIABLES are expanded), or glo30, aw3d30, srtm to be downloaded; empty: simulated",
    )
    dem_vertical: Literal["ellipsoidal", "orthometric"] = key(
        "ellipsoidal", "vertical reference of the DEM file; the engine needs ellipsoidal heights"
    )
    geoid_m: float | None = key(
        None, "geoid undulation added to an orthometric DEM, one value for the region", "m", ge=-120, le=120
    )

    @model_validator(mode="after")
    def _not_empty(self) -> "Grid":
        RegionGrid.from_bounds(self.epsg, self.bounds, self.cell_m)
        return self

    @model_validator(mode="after")
    def _products_divide_cells(self) -> "Grid":
        parts = self.cell_m / (self.product_m or self.cell_m)
        if parts < 1 or abs(parts - round(parts)) > 1e-9:
            raise ConfigError(
                f"config: grid.product_m = {self.product_m:g} does not divide grid.cell_m = {self.cell_m:g}",
                "give a whole part of cell_m, for example 12.5 with cells of 25",
            )
        return self

    def region_grid(self) -> RegionGrid:
        return RegionGrid.from_bounds(self.epsg, self.bounds, self.cell_m)


class Simulation(Section):
    """The simulated acquisitions of a region whose source is `simulated`."""

    seed: int = key(1848, "seed of terrain, landslides, atmosphere and speckle; same seed, same bytes", ge=0)
    dates: int = key(30, "acquisitions of each stack (A03, A04)", "dates", "P0", ge=2, le=400)
    new_dates: int = key(
        0, "later acquisitions that have arrived since, each simulated on its own", "dates", ge=0, le=400
    )
    snowline_m: float = key(4100.0, "height of the simulated snowline", "m", ge=0, le=9000)
    interval_days: int = key(12, "revisit of one satellite (A16)", "days", "P0", ge=6, le=96)
    first_date: dict[StackName, DateName] = key(
        {"A128": "20190306", "D062": "20190311"}, "first acquisition of each stack", "YYYYMMDD"
    )


class Network(Section):
    """Which pairs are formed; looking only backwards, so that a new date never changes old pairs."""

    preset: Literal["nearest", "p0", "p4", "p3", "p2"] = key(
        "nearest",
        "nearest earlier dates; 12 and 24 days (P0, B03); 40 days and 120 m (P4, B18); 60 days and 2 % of the critical baseline"
        " (P3, B13); 36 days and 150 m (P2 says short, B08: the numbers are an assumption)",
    )
    max_days: int = key(24, "preset nearest: longest temporal baseline", "days", "P0", ge=1, le=1100)
    neighbours: int = key(2, "preset nearest: earlier dates that each date is paired with", "dates", ge=1, le=20)
    pairs: tuple[PairName, ...] = key((), "explicit pairs, earlier_later, instead of the preset (engine files)")


class Catalog(Section):
    """Where new acquisitions of a region with source `safe` are looked for, by `snakemake update_catalog`."""

    archive: Literal["folder", "asf", "copernicus"] = key(
        "folder", "resources/<region>/slc, the Alaska Satellite Facility, or the Copernicus Data Space"
    )
    start: DateName | None = key(None, "first date of the search; null: the first that there is", "YYYYMMDD")
    end: DateName | None = key(None, "last date of the search; null: open, for scheduled runs", "YYYYMMDD")
    orbits: Literal["precise", "restituted"] = key(
        "precise",
        "orbit that a date of an archive waits for; restituted ones come in hours and are upgraded after three weeks",
    )
    gaps: Literal["wait", "take"] = key(
        "wait", "a date without all bursts of its stack waits for them, or is taken as it is"
    )
    search_asf: str = key("https://cmr.earthdata.nasa.gov", "address of the search at ASF")
    search_copernicus: str = key(
        "https://catalogue.dataspace.copernicus.eu/odata/v1", "address of the catalogue of the Copernicus Data Space"
    )


class Retrieve(Section):
    """What is downloaded, how, and from where. Logins are named, never written here."""

    product: Literal["auto", "bursts", "slc"] = key(
        "auto",
        "single bursts or whole SLCs; auto: bursts for the native engine from ASF, else SLCs",
    )
    earthdata: str = key(
        "netrc", "where the Earthdata Login is: netrc, env:NAME of a variable, file:PATH of a file with a token"
    )
    copernicus: str = key("netrc", "the same for the Copernicus Data Space")
    connections: int = key(4, "downloads at a time, over all jobs of a machine", ge=1, le=32)
    timeout_s: float = key(60.0, "silence of a server that ends a connection", "s", gt=0, le=3600)
    tries: int = key(7, "attempts of a download before the job gives up", ge=1, le=100)
    pause_s: float = key(2.0, "pause after the first failure; doubles with each, up to two minutes", "s", ge=0, le=120)
    orbit_sources: tuple[Literal["asf_listing", "asf_bucket", "copernicus"], ...] = key(
        ("asf_bucket", "asf_listing", "copernicus"), "where orbit files are asked for, in turn", min_length=1
    )
    sentinel2: bool = key(False, "retrieve Sentinel-2 reflectances (C08, A10)", "", "P3")
    sentinel2_start: DateName = key("20200101", "first date of the Sentinel-2 search", "YYYYMMDD")
    sentinel2_end: DateName = key("20201231", "last date of the Sentinel-2 search", "YYYYMMDD")
    sentinel2_cloud: float = key(30.0, "scenes with more cloud are left out", "%", ge=0, le=100)
    sentinel2_scenes: int = key(6, "scenes of a tile, those with the least cloud, whose median is taken", ge=1, le=100)
    sentinel2_collection: str = key(
        "sentinel-2-c1-l2a", "STAC collection; its items must state scale and offset of the bands"
    )
    login_earthdata: str = key("https://urs.earthdata.nasa.gov", "address of Earthdata Login")
    cookie_asf: str = key(
        "https://sentinel1.asf.alaska.edu/METADATA_RAW/SA/"
        "S1A_IW_RAW__0SSV_20141229T072718_20141229T072750_003931_004B96_B79F.iso.xml",
        "a small file of ASF that gives the cookie of the burst extractor for a token",
    )
    login_copernicus: str = key(
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
        "address of the tokens of the Copernicus Data Space",
    )
    data_copernicus: str = key("https://download.dataspace.copernicus.eu/odata/v1", "address of its downloads")
    orbit_bucket: str = key("https://s1-orbits.s3.us-west-2.amazonaws.com", "ASF's public bucket of orbit files")
    orbit_listing: str = key("https://s1qc.asf.alaska.edu", "ASF's listing of orbit files")
    dem_glo30: str = key("https://copernicus-dem-30m.s3.amazonaws.com", "tiles of Copernicus GLO-30")
    dem_aw3d30: str = key(
        "https://opentopography.s3.sdsc.edu/raster/AW3D30/AW3D30_global", "tiles of ALOS World 3D, 30 m"
    )
    dem_srtm: str = key("https://opentopography.s3.sdsc.edu/raster/SRTM_GL1/SRTM_GL1_srtm", "tiles of SRTM, 30 m")
    geoid_egm2008: str = key("https://cdn.proj.org/us_nga_egm08_25.tif", "geoid of GLO-30")
    geoid_egm96: str = key("https://cdn.proj.org/us_nga_egm96_15.tif", "geoid of AW3D30 and SRTM")
    stac: str = key("https://earth-search.aws.element84.com/v1", "STAC catalogue of Sentinel-2")

    @model_validator(mode="after")
    def _only_references(self) -> "Retrieve":
        for name in ("earthdata", "copernicus"):
            # The value may be the secret itself: it is not shown.
            if not REFERENCE.fullmatch(getattr(self, name)):
                raise ConfigError(
                    f"config: retrieve.{name} is no reference", "write netrc, env:NAME or file:PATH, never a token"
                )
        return self


class Slc(Section):
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


class Interferogram(Section):
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

    @model_validator(mode="after")
    def _window_holds_patches(self) -> "Interferogram":
        if 0 < self.unwrap_window < 8:
            raise ConfigError(
                f"config: interferogram.unwrap_window = {self.unwrap_window}",
                "give at least 8 cells, or 0 for no second filter",
            )
        return self


class Isce2(Section):
    """ISCE2's topsStack, for the engine `isce2`."""

    reference: dict[StackName, DateName] = key(
        {}, "date that the others are coregistered to; none: the first of the stack, which a later date does not change"
    )
    step_limit_min: int = key(240, "an ISCE2 step that takes longer is ended", "min", ge=1, le=10000)
    aux: str = key("", "folder of AUX_CAL files, for products of IPF 002.36; $VARIABLES are expanded")


class Files(Section):
    """Existing interferograms, for the engine `files`."""

    naming: Literal["gamma", "licsar", "aria", "hyp3", "custom"] = key(
        "gamma", "whose files they are: gives patterns, sign and unit of coherence; custom: all declared below"
    )
    folder: str = key("", "folder of the products; $VARIABLES are expanded")
    unwrapped: str = key(
        "", "file pattern of the unwrapped phase of a pair, with {earlier} and {later}; empty: the naming's"
    )
    coherence: str = key("", "file pattern of the coherence of a pair; empty: the naming's")
    baselines: str = key(
        "",
        "file pattern, below folder, of the perpendicular baselines of a pair (GAMMA par files); empty: the naming's",
    )
    positive_phase: Literal["away", "towards"] | None = key(
        None, "motion that makes the delivered phase grow (J10); null: as the naming or the product says"
    )
    wavelength_m: float = key(0.05546576, "radar wavelength (B29)", "m", "P0", ge=0.02, le=0.3)
    incidence_deg: float = key(
        39.0, "incidence angle from the ellipsoid normal, where the product has none", "degree", ge=15, le=60
    )
    heading_deg: float = key(
        347.4, "flight direction, clockwise from north, where the product has none", "degree", ge=0, lt=360
    )

    @model_validator(mode="after")
    def _custom_is_declared(self) -> "Files":
        missing = [name for name in ("unwrapped", "coherence", "positive_phase") if not getattr(self, name)]
        if self.naming == "custom" and missing:
            raise ConfigError(
                f"config: files.naming is custom, files.{missing[0]} is empty", "declare the file patterns and the sign"
            )
        return self


class Hyp3(Section):
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
    api_url: str = key("https://hyp3-api.asf.alaska.edu", "address of the HyP3 deployment")
    wait_h: float = key(48.0, "a job that takes longer is given up until the next run", "h", gt=0, le=1000)

    @model_validator(mode="after")
    def _only_references(self) -> "Hyp3":
        # The value may be the secret itself: it is not shown.
        if not REFERENCE.fullmatch(self.token):
            raise ConfigError("config: hyp3.token is no reference", "write netrc, env:NAME or file:PATH, never a token")
        if self.job_type == "INSAR_GAMMA" and self.looks == "5x1":
            raise ConfigError("config: hyp3.looks = 5x1 does not fit INSAR_GAMMA", "choose 20x4 or 10x2")
        return self


class Snap(Section):
    """ESA SNAP's graphs, for the engine `snap`."""

    gpt: str = key("gpt", "SNAP's graph processing tool: a command on PATH or its file; $VARIABLES are expanded")
    snaphu: str = key("snaphu", "SNAPHU, which SNAP does not contain: a command on PATH or its file")
    auxdata: str = key(
        "~/.snap/auxdata",
        "folder where SNAP is set to look for auxiliary data; orbit files beside the products are put there",
    )
    memory_gb: int = key(8, "Java heap of a step; SNAP's tile cache takes half of it", "GB", ge=2, le=1024)
    range_looks: int = key(8, "looks in range before filter and unwrapping; 8 x 2 are about 30 m", ge=1, le=40)
    azimuth_looks: int = key(2, "looks in azimuth", ge=1, le=20)
    coherence_range: int = key(20, "side of the coherence window in range, at full resolution", "samples", ge=2, le=100)
    coherence_azimuth: int = key(5, "side of the coherence window in azimuth", "lines", ge=2, le=50)
    step_limit_min: int = key(240, "a step that takes longer is ended", "min", ge=1, le=10000)


class Rates(Section):
    """From pairs to averaged phase, phase rate and LOS rate."""

    method: Literal["stacking", "sbas", "mintpy"] = key(
        "stacking",
        "where the LOS rate comes from: stacking (P4 eq. 1), SBAS by batched least squares, SBAS by MintPy (P3, B15)",
        "",
        "P4",
    )
    average: Literal["complex", "arithmetic"] = key(
        "complex", "mean of the wrapped pairs; the paper does not say which (B04)", "", "P0"
    )
    height_correlated: bool = key(True, "remove the phase that is correlated with height, per pair (B09)", "", "P2")
    plane: bool = key(
        True,
        "remove a plane too, per pair: turbulence longer than the region; switch off where the region itself deforms",
    )
    moving_sigma: float = key(
        3.0,
        "cells whose first-pass rate exceeds this many robust sigmas are moving and leave the fits",
        "sigma",
        ge=1,
        le=10,
    )
    min_coherence: float = key(
        0.3,
        "cells below this mean coherence leave fits and reference; cells of a D-InSAR map below it are masked",
        "",
        ge=0,
        le=1,
    )
    pair_coherence: float = key(0.1, "cells of a pair below this coherence are not stacked", "", ge=0, le=1)
    loop_mask: bool = key(False, "leave out the cells of a pair whose unwrapping phase closure calls wrong")
    weighting: Literal["none", "coherence"] = key(
        "none",
        "weights of the stack; none is P4's eq. 1, coherence is the inverse variance of the phase (B11)",
        "",
        "P4",
    )
    average_weighting: Literal["none", "coherence"] = key("none", "the same for the averaged phase", "", "P0")
    atmosphere: Literal["none", "filter", "common_scene"] = key(
        "none",
        "delays of the dates taken off stacked pairs: low-pass in space and high-pass in time, or common-scene stacking (B23)",
        "",
        "P4",
    )
    atmosphere_km: float = key(
        0.5, "standard deviation of the low-pass in space, over stable ground", "km", gt=0, le=50
    )
    atmosphere_days: float = key(
        100.0, "standard deviation of the Gaussian in time that the filter takes off", "days", gt=0, le=3650
    )
    reference: tuple[float, float, float] | None = key(
        None, "reference area: east, north, radius; none: the largest connected area of stable, coherent ground", "m"
    )
    reference_mode: Literal["area", "double_difference"] = key(
        "area",
        "zero of stacking, averaged phase and D-InSAR: the reference area, or of each cell the stable ground around it",
    )
    double_difference_km: tuple[float, float] = key(
        (1.0, 5.0), "inner and outer radius of that surrounding ground", "km"
    )
    windows: dict[WindowName, tuple[DateName, DateName]] = key(
        {},
        "further stacks over a part of the dates: {name: [first date, last date]} (A14)",
        "YYYYMMDD",
        "P4",
    )
    dinsar: tuple[PairName, ...] = key((), "pairs whose D-InSAR maps belong to the final products")
    fusion: Literal["hsv", "sin_cos"] = key(
        "hsv",
        "fusion of averaged phase and intensity (B06): hue and brightness, or sine, cosine and intensity",
        "",
        "P0",
    )
    fusion_percent: tuple[float, float] = key(
        (2.0, 98.0), "percentiles of the intensity (dB) that become dark and bright", "%"
    )
    min_sensitivity: float = key(
        0.2,
        "smallest line-of-sight sensitivity from which a rate is projected down the slope, of cells and objects (B27)",
        "",
        gt=0,
        le=1,
    )
    series_polygons: str = key(
        "",
        "vector file whose polygons get a time series each, as a final product; any CRS; $VARIABLES are expanded (G14)",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Rates":
        for name, (first, last) in self.windows.items():
            if names.parse_date(first) >= names.parse_date(last):
                raise ConfigError(f"config: rates.windows.{name} = {first} to {last}", "name the earlier date first")
        if self.method != "stacking" and (self.reference_mode != "area" or self.atmosphere != "none"):
            own = "reference_mode" if self.reference_mode != "area" else "atmosphere"
            raise ConfigError(
                f"config: rates.{own} = {getattr(self, own)} does not fit rates.method = {self.method}",
                f"leave rates.{own} at its default, or set rates.method to stacking",
            )
        for field in ("double_difference_km", "fusion_percent"):
            low, high = getattr(self, field)
            if not 0 <= low < high:
                raise ConfigError(f"config: rates.{field} = {low} to {high}", "give the smaller, positive value first")
        return self


class Sbas(Section):
    """Displacement time series, for rates.method sbas (batched least squares) and mintpy (MintPy's command line)."""

    weighting: Literal["none", "var", "coherence", "fim"] = key(
        "var", "weights of the pairs: none, inverse phase variance, coherence, Fisher information (B15)", "", "P3"
    )
    dem_error: bool = key(True, "estimate the DEM error from the perpendicular baselines and remove it")
    min_temporal_coherence: float = key(
        0.7, "cells whose pairs agree less with the time series have no rate", "", ge=0, le=1
    )
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where the batched least squares run")
    unwrap_errors: Literal["none", "bridging", "phase_closure", "bridging+phase_closure"] = key(
        "none", "MintPy's correction of unwrapping errors"
    )
    step_limit_min: int = key(600, "MintPy: a run of its steps that takes longer is ended", "min", ge=1, le=10000)
    era5: bool = key(
        False, "MintPy: delays of ERA5 (needs pyaps3 and an account) instead of the fit of rates.height_correlated"
    )


class Optical(Section):
    """Optional input: Sentinel-2 L2A, for networks that read reflectances (P3 2.2)."""

    products: tuple[str, ...] = key(
        (),
        "SAFE folders, folders of band files, or files with bands 2, 3, 4, 8 and perhaps SCL; none: no optical layers (A10, C08)",
        "",
        "P3",
    )
    scale: float | None = key(None, "reflectance of one number; null: as the product says, or 0.0001", gt=0, le=1)
    offset: float | None = key(
        None,
        "reflectance of number 0: -0.1 since processing baseline 04.00, 0 before or where it has been taken off; null: as the"
        " product says",
        ge=-1,
        le=1,
    )


class Lithology(Section):
    """Optional input: a geological map, for networks that read the rock (P3 2.2)."""

    file: str = key(
        "", "vector file with polygons, any CRS; $VARIABLES are expanded; empty: no lithology (C07)", "", "P3"
    )
    layer: str = key("", "layer of the file; empty: the first")
    attribute: str = key("xx", "column with the kind of rock; xx is that of the Global Lithological Map")
    classes: dict[str, str] = key(
        {}, "class of each value: {limestone: sc}; the words are those of sarslide.layers.LITHOLOGY, or wb, ig, nd"
    )


class Factors(Section):
    """`factors` on demand: which layers tell landslides from other ground (P3 3.1, 4.1)."""

    labels: str = key("", "vector file of landslides; $VARIABLES are expanded; empty: the released inventory")
    cells: int = key(20000, "most cells of each sample", "cells", ge=100, le=10_000_000)
    trees: int = key(300, "trees of the random forest", "trees", ge=10, le=5000)
    seed: int = key(7, "seed of samples and forest", ge=0)


class Segmentation(Section):
    """The network that reads the feature stack."""

    model: str = key(
        "drs_unet_compact",
        "name of the network's weights, a folder name below segment/",
        pattern=f"^{names.IDENTIFIER}$",
    )
    weights: str = key("", "weights file (.safetensors); empty: the packaged weights of that name")
    overlap: float = key(0.5, "overlap of neighbouring tiles", "", "P0", ge=0, le=0.9)
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where the network runs and, by `train`, learns")
    precision: Literal["fp32", "auto", "bf16"] = key(
        "fp32",
        "numbers of the network; fp32: any two machines agree within 1e-3; bf16: faster on a processor that has it, "
        "masks of the packaged network keep an IoU of 0.995, those of others may not (docs/benchmark.md); "
        "auto: bf16 where the processor has it and the network keeps its masks (its card tells), else fp32",
    )


class Inventory(Section):
    """From probabilities to objects and releases."""

    threshold: float | None = key(
        None,
        "probability from which a cell belongs to a landslide; null: the one chosen in training; 0.5 in P0 (E07)",
        "",
        "P0",
        gt=0,
        lt=1,
    )
    min_area_km2: float = key(0.018, "smallest object", "km2", ge=0, le=10)
    snowline_m: float = key(
        4100.0,
        "objects above this ellipsoidal height are masked as snow or glacier; ELA 5132 m in P0 (C10, G03)",
        "m",
        "P0",
        ge=0,
        le=9000,
    )
    min_slope_deg: float = key(
        8.0, "flatter moving ground is non-landslide deformation (G12)", "degree", "P4", ge=0, le=45
    )
    min_rate_mm_per_yr: float = key(20.0, "moving flat ground from this LOS rate on is recorded", "mm/yr", gt=0, le=500)
    min_coherence: float = key(0.2, "objects below this mean coherence are masked", "", ge=0, le=1)
    fusion_overlap: float = key(
        0.1,
        "ascending and descending objects are one when they share this part of the smaller (G05)",
        "",
        "P0",
        ge=0,
        le=1,
    )
    match_iou: float = key(0.1, "objects of two releases keep one ls_id from this overlap on", "", gt=0, le=1)
    review: str = key(
        "", "reviewer's file (CSV: ls_id, action ...); empty: resources/<region>/review.csv where it exists (G13)"
    )


class Dataset(Section):
    """From labelled polygons (`training.labels`) and finished tracks to training scenes, and to images with COCO annotations."""

    layer: str = key("", "layer of the label file; empty: its only one")
    class_column: str = key(
        "", "column with the kind of each polygon; empty: every polygon is an active landslide (D01)"
    )
    classes: dict[str, Literal["landslide", "background", "ignored"]] = key(
        {}, "meaning of each kind: {slide: landslide, subsidence: background, unclear: ignored} (D17)"
    )
    confidence_column: str = key("", "column with the confidence of each polygon, a number; empty: all are sure (D17)")
    min_confidence: float = key(0.5, "polygons below are not counted, neither as landslide nor as background (D17)")
    area: str = key(
        "", "vector file of the area that was looked at; cells outside are not counted; $VARIABLES are expanded"
    )
    block: int = key(
        128, "side of the blocks by which one region is split; no cell is in two parts (D05)", "cells", ge=16, le=4096
    )
    validation: float = key(0.3, "share of the landslide cells in the blocks of validation (D10)", "", "P3", gt=0, lt=1)
    channels: str = key("p2_colours", "channel set of three channels for the images (D06)", "", "P2")
    patch: int = key(256, "side of an image (D06); 128 in P0 and P3 (D02, D10)", "cells", "P2", ge=32, le=1024)
    overlap: float = key(0.5, "overlap of neighbouring images (D02); 0 in P3 (D10)", "", "P0", ge=0, le=0.9)
    negatives: float = key(0.0, "images without landslide per image with one; 0.43 in P3's 7:3", "", "P2", ge=0, le=100)
    split: Literal["blocks", "random"] = key(
        "blocks", "parts of the images: blocks without a shared cell, or the papers' random split, which leaks (D05)"
    )
    fractions: tuple[float, ...] = key(
        (0.6, 0.2, 0.2),
        "training, validation and test (D06); 0.7, 0.2, 0.1 in P0 (D04)",
        "",
        "P2",
        min_length=2,
        max_length=3,
    )
    annotations: Literal["rle", "polygon"] = key(
        "rle", "masks as run-length code, or outlines along the cells; objects with holes are code in both"
    )
    seed: int = key(7, "seed of splits and of the choice of images", ge=0)

    @model_validator(mode="after")
    def _kinds_are_read(self) -> "Dataset":
        if bool(self.class_column) != bool(self.classes):
            named, missing = ("class_column", "classes") if self.class_column else ("classes", "class_column")
            raise ConfigError(f"config: dataset.{named} is set, dataset.{missing} is empty", "set both or none")
        return self


class Training(Section):
    """`snakemake train`: a network from simulated regions, or from labels of this region."""

    labels: str = key(
        "",
        "vector file of labelled landslides of this region, any CRS; $VARIABLES are expanded: the packaged network is fine-tuned"
        " on them; empty: simulated regions",
    )
    scenes: tuple[str, ...] = key((), "further scenes to train on (npz of label_scene); $VARIABLES are expanded")
    start: str = key(
        "",
        "weights to start from: random, packaged, imagenet, coco (D09) or a weights file, whose network, channels, normalisation"
        " and patch are kept; empty: packaged where there are labels, else random",
    )
    preset: Literal["sarslide", "p0", "p2", "p3", "p4"] = key(
        "sarslide", "recipe: ours or a paper's; where a paper is silent it is ours too (E07, E10, E12, D15)"
    )
    network: str = key("drs_unet", "network of the registry", pattern=f"^{names.IDENTIFIER}$")
    width: int | None = key(
        16,
        "channels of the first stage; null: the published size, 64 or 48 (E04)",
        "channels",
        "P0",
        ge=4,
        le=128,
    )
    channels: str = key("sarslide", "named channel set, for example p0_curvature or p4_all (E16, E17)")
    seeds: tuple[int, ...] = key(
        tuple(range(9001, 9017)), "seeds of the training regions; never a demo's or a test's seed"
    )
    validation_seeds: tuple[int, ...] = key((9101, 9102, 9103, 9104), "seeds of the validation regions")
    climates: bool = key(
        True, "learn from the benchmark's training regions, too, and validate on its validation regions, too"
    )
    epochs: int | None = key(
        None, "longest training; null, here and below: the preset's value", "epochs", ge=1, le=1000
    )
    samples: int | None = key(None, "budget in patches of 128 x 128 cells instead of epochs", "patches", ge=1)
    batch: int | None = key(None, "patches of a step", "patches", ge=1, le=4096)
    patch: int | None = key(None, "side of a patch", "cells", ge=32, le=1024)
    learning_rate: float | None = key(None, "first learning rate; fine-tuning starts with a fifth", "", gt=0, le=1)
    precision: Literal["fp32", "bf16"] = key(
        "fp32", "numbers of the network while it learns; bf16 where the device computes it in hardware"
    )
    seed: int = key(7, "seed of initial weights, of patches and of what is done to them", ge=0)

    def changes(self) -> dict[str, Any]:
        """Values instead of the preset's, by field of `segment.recipe.Recipe`."""
        words = ("epochs", "samples", "batch", "patch", "learning_rate", "precision", "seed")
        found = {word: getattr(self, word) for word in words if getattr(self, word) is not None}
        # Epochs replace a budget in iterations or samples.
        return ({"iterations": 0} if "epochs" in found else {}) | found


class Benchmark(Section):
    """`snakemake benchmark`: which networks are trained and scored on the benchmark's regions."""

    tables: tuple[str, ...] = key(
        ("networks", "p0_t3", "p0_t4", "p2_t2", "p3_t3", "p3_t4", "p4_t5", "p4_t6", "split"),
        "tables to fill: all networks under one budget, those of the papers, the papers' random split",
    )
    networks: tuple[str, ...] = key((), "only these networks of the registry; empty: all")
    tier: Literal["cpu", "gpu"] = key("cpu", "budget of a training: 4,000 samples and one seed, or 200,000 and three")
    widths: tuple[Literal["published", "quarter"], ...] = key(
        ("quarter",), "channels of every layer: as published, or a quarter of them", min_length=1
    )
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where networks are trained and scored")
    threads: int = key(1, "threads of a training; another number may change its last digits", "threads", ge=1, le=64)


class Config(Section):
    """The whole configuration of one region."""

    region: str = key(
        "demo", "a packaged region, or NAME of your own regions/NAME.yaml", pattern=f"^{names.IDENTIFIER}$"
    )
    source: Literal["simulated", "safe", "files", "hyp3"] = key(
        "safe",
        "where acquisitions come from: simulated; Sentinel-1 products, of folders or of an archive (section catalog); existing"
        " interferograms; bursts for HyP3",
    )
    engine: Literal["native", "isce2", "snap", "hyp3", "files"] = key(
        "native", "InSAR engine; files for existing interferograms, hyp3 for source hyp3"
    )
    stacks: tuple[StackName, ...] = key(
        (), "pass and relative orbit of each stack, for example [A128, D062]", min_length=1
    )
    paper: Literal["", "P0", "P2", "P3", "P4", "H22"] = key(
        "", "publication whose recipe the region follows; the report sets its tables and figures beside ours"
    )
    assumptions: dict[str, str] = key(
        {}, "keys whose values that publication does not give, each with the reason of ours; printed in the report"
    )
    grid: Grid = Grid()
    simulation: Simulation = Simulation()
    network: Network = Network()
    catalog: Catalog = Catalog()
    retrieve: Retrieve = Retrieve()
    slc: Slc = Slc()
    interferogram: Interferogram = Interferogram()
    isce2: Isce2 = Isce2()
    files: Files = Files()
    hyp3: Hyp3 = Hyp3()
    snap: Snap = Snap()
    rates: Rates = Rates()
    sbas: Sbas = Sbas()
    optical: Optical = Optical()
    lithology: Lithology = Lithology()
    segmentation: Segmentation = Segmentation()
    inventory: Inventory = Inventory()
    factors: Factors = Factors()
    dataset: Dataset = Dataset()
    training: Training = Training()
    benchmark: Benchmark = Benchmark()

    @model_validator(mode="after")
    def _engine_fits_source(self) -> "Config":
        own = {"files", "hyp3"}
        if self.source != self.engine and {self.source, self.engine} & own:
            raise ConfigError(
                f"config: engine = {self.engine} does not fit source = {self.source}",
                "sources files and hyp3 go with the engine of that name, SAFE and simulated products with native, isce2 or snap",
            )
        if self.source != "simulated" and not self.grid.dem:
            raise ConfigError("config: grid.dem is empty", "name the DEM file of the region")
        return self

    @model_validator(mode="after")
    def _assumptions_name_keys(self) -> "Config":
        for name in self.assumptions:
            section, _, leaf = name.rpartition(".")
            known = type(getattr(self, section, None)) if section else Config
            if leaf not in getattr(known, "model_fields", {}):
                raise ConfigError(f"config: assumptions names '{name}', which is no key", "name keys as section.key")
        return self

    @model_validator(mode="after")
    def _archive_has_product(self) -> "Config":
        if (
            self.archive()
            and self.retrieve.product == "bursts"
            and not (self.archive() == "asf" and self.engine == "native")
        ):
            raise ConfigError(
                f"config: retrieve.product = bursts does not fit archive {self.archive()} and engine {self.engine}",
                "single bursts come from ASF and are read by the native engine; set retrieve.product to auto or slc",
            )
        return self

    def assumed(self) -> dict[str, Any]:
        """The value of each key that `assumptions` names, as plain values."""
        plain = self.model_dump(mode="json")
        return {name: reduce(dict.__getitem__, name.split("."), plain) for name in self.assumptions}

    def archive(self) -> str:
        """The archive that acquisitions come from; empty for folders of the user and for other sources."""
        return self.catalog.archive if self.source == "safe" and self.catalog.archive != "folder" else ""

    def product(self) -> str:
        """What is downloaded from the archive: bursts or slc."""
        if self.retrieve.product != "auto":
            return self.retrieve.product
        return "bursts" if self.archive() == "asf" and self.engine == "native" else "slc"

    def searched_polarisations(self) -> list[str]:
        """Co-polarised channels that the archive is searched for: land is imaged in VV, ice in HH. Cross-polarised
        channels of bursts are searched by their own name; SLCs hold them beside their co-polarised one.
        """
        wanted = self.slc.polarisation
        if wanted == "co":
            return ["VV", "HH"]
        return [wanted] if self.product() == "bursts" else [f"{wanted[0]}{wanted[0]}"]

    @model_validator(mode="after")
    def _reference_in_region(self) -> "Config":
        west, south, east, north = self.grid.bounds
        if self.rates.reference and not (
            west <= self.rates.reference[0] <= east and south <= self.rates.reference[1] <= north
        ):
            raise ConfigError(
                f"config: rates.reference = {list(self.rates.reference)} lies outside the region {list(self.grid.bounds)}",
                "give east, north and radius in metres of the region's CRS",
            )
        return self


def presets() -> list[str]:
    """Names of the packaged region presets."""
    return sorted(path.stem for path in REGIONS.glob("*.yaml"))


def own_regions(folder: Path = Path()) -> list[str]:
    """Names of the user's regions: files `regions/NAME.yaml` of the working folder."""
    return sorted(path.stem for path in (folder / OWN_REGIONS).glob("*.yaml"))


def _preset(region: str, folder: Path) -> dict:
    """Keys of a region, packaged or of the working folder; which of the two it is never depends on an order."""
    _check_region_name(region)
    packaged, own = REGIONS / f"{region}.yaml", folder / OWN_REGIONS / f"{region}.yaml"
    if packaged.is_file():
        if own.is_file():
            raise ConfigError(f"{own}: '{region}' is a packaged region", "give the file, and the region, another name")
        return yaml.safe_load(packaged.read_text())
    if not own.is_file():
        mine = f", yours in {OWN_REGIONS}/ ({', '.join(own_regions(folder))})" if own_regions(folder) else ""
        raise ConfigError(
            f"region '{region}' is neither packaged nor in {folder.absolute() / OWN_REGIONS}",
            f"choose one of {', '.join(presets())}{mine}, or `python -m sarslide.config --new-region {region}`",
        )
    try:
        keys = yaml.safe_load(own.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{own}{where}: cannot be read ({type(error).__name__})", "correct the YAML") from None
    if not isinstance(keys, dict):
        raise ConfigError(f"{own}: holds no keys", "write `key: value` as in config.yaml")
    return keys


def _check_region_name(region: str) -> None:
    if not re.fullmatch(names.IDENTIFIER, region):
        raise ConfigError(f"config: region = {region!r} is no name", "small letters, digits and _, a letter first")


def new_region(region: str, folder: Path = Path()) -> Path:
    """Write the template of a region of the user's own; its path. ConfigError where the name is taken or is no name."""
    _check_region_name(region)
    path = folder / OWN_REGIONS / f"{region}.yaml"
    if path.exists() or region in presets():
        what = "exists" if path.exists() else f"'{region}' is a packaged region"
        raise ConfigError(
            f"{path}: {what}", "edit it, or choose another name" if path.exists() else "choose another name"
        )
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEMPLATE.format(region=region))
    return path


def load(user: dict[str, Any], folder: Path = Path()) -> Config:
    """The configuration of `user` (config.yaml merged with the command line) over its region's preset.

    folder: working folder, where regions of the user's own lie. Raises ConfigError, one line, for an unknown key, a value out
    of range or an unknown region.
    """
    region = user.get("region", Config.model_fields["region"].default)
    merged = _merge(_preset(str(region), folder), user)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        own = folder / OWN_REGIONS / f"{region}.yaml"
        typed = _holds(user, error.errors()[0]["loc"]) or not own.is_file()
        raise _config_error(error, "config" if typed else str(own)) from None


def _holds(keys: Any, path: Sequence[str | int]) -> bool:
    """Whether the value at `path` comes from these nested keys; a path may go on into a list."""
    for part in path:
        if not isinstance(keys, dict):
            break
        if part not in keys:
            return False
        keys = keys[part]
    return True


def _merge(base: dict, over: dict) -> dict:
    """`over` wins; sections merge key by key; an empty section of config.yaml (None) changes nothing."""
    merged = dict(base)
    for name, value in over.items():
        if value is None and name in Config.model_fields:
            continue
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merge(merged[name], value) if both else value
    return merged


def _config_error(error: ValidationError, source: str) -> ConfigError:
    """source: where the value stands, a file or `config`."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section, _, wrong = where.rpartition(".")
        known = (Config.model_fields[section].annotation if section else Config).model_fields
        near = get_close_matches(wrong, known, 1)
        cure = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        return ConfigError(f"{source}: unknown key '{where}'", cure)
    return ConfigError(
        f"{source}: {where} = {first['input']!r}: {first['msg'].lower()}", "see the comments in config.yaml"
    )


def resolve(path: str) -> str:
    """`path` with $VARIABLES expanded; ConfigError names a variable that is not set."""
    expanded = os.path.expanduser(os.path.expandvars(path))
    if "$" in expanded:
        raise ConfigError(f"path '{path}' names a variable that is not set", "export it before running")
    return expanded


def existing(name: str, path: str) -> str:
    """`resolve` of the file or folder that the key `name` names; ConfigError where it does not exist."""
    place = resolve(path)
    if not Path(place).exists():
        raise ConfigError(f"{name} = {path} does not exist", "correct the path, or bring the file")
    return place


def _leaf_comment(field: Any) -> list[str]:
    extra = field.json_schema_extra
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    limits = [
        f"{sign} {getattr(m, limit)}" for m in field.metadata for limit, sign in signs.items() if hasattr(m, limit)
    ]
    options = (
        getattr(field.annotation, "__args__", ()) if getattr(field.annotation, "__origin__", None) is Literal else ()
    )
    choice = " | ".join(options)
    facts = [extra["unit"], choice or ", ".join(limits), f"source: {extra['source']}"]
    return [f"# {field.description} [{'; '.join(fact for fact in facts if fact)}]"]


def config_yaml(region: str = "demo") -> str:
    """The text of config.yaml: the region, and every other key commented out at its default."""
    lines = [
        "# yaml-language-server: $schema=config.schema.json",
        "# Generated by `python -m sarslide.config --fix`. Uncomment a key to change it; what is not set comes from the region's",
        f"# preset, packaged ({', '.join(presets())}) or your own regions/NAME.yaml, or is the default shown here.",
        "",
    ]
    for name, field in Config.model_fields.items():
        if isinstance(field.default, Section):
            lines += ["", f"# {type(field.default).__doc__.strip()}", f"{name}:"]
            for leaf, inner in type(field.default).model_fields.items():
                lines += [f"  {text}" for text in _leaf_comment(inner)]
                lines.append(f"  # {leaf}: {_inline(inner.default)}")
        else:
            lines += _leaf_comment(field)
            lines.append(f"{name}: {region}" if name == "region" else f"# {name}: {_inline(field.default)}")
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def config_schema() -> str:
    """The JSON schema of config.yaml, for editors."""
    schema = Config.model_json_schema()
    for name, field in Config.model_fields.items():
        if isinstance(field.default, Section):  # an empty section is null in YAML
            schema["properties"][name] = {"anyOf": [schema["properties"][name], {"type": "null"}]}
    return json.dumps(schema, indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Begin a region of your own, or check that config.yaml and config.schema.json are in step with the models."""
    import argparse
    import sys

    parser = argparse.ArgumentParser(prog="python -m sarslide.config", description=main.__doc__)
    parser.add_argument("--fix", action="store_true", help="rewrite the two files instead of comparing them")
    parser.add_argument("--new-region", metavar="NAME", help="write a short template, regions/NAME.yaml, to be edited")
    parser.add_argument("--folder", type=Path, default=Path(), help="folder of config.yaml and regions (default: here)")
    chosen = parser.parse_args(arguments)
    if chosen.new_region:
        try:
            print(f"{new_region(chosen.new_region, chosen.folder)}: edit grid, tracks and dates")
        except SarslideError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    stale = []
    for name, text in {"config.yaml": config_yaml(), "config.schema.json": config_schema()}.items():
        path = chosen.folder / name
        if chosen.fix:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"{', '.join(stale)}: not in step with sarslide.config; run `python -m sarslide.config --fix`")
    return len(stale)


if __name__ == "__main__":
    raise SystemExit(main())
