"""Sections of the configuration: the region's grid, and where its data come from."""

from typing import Annotated, Literal

from sarslide.config.fields import (
    REFERENCE,
    Address,
    DateName,
    EachOnce,
    GranuleName,
    Mistake,
    PathText,
    Section,
    StackName,
    check,
    key,
)
from sarslide.frames import Frame, frames_of
from sarslide.grid import MAX_CELLS, RegionGrid, cells_in
from sarslide.retrieve import dem_library


class GridSection(Section):
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
    frame_km: float = key(
        60, "side of the frames that a larger region is cut into; jobs of 60 km need at most 8 GB", "km", ge=1, le=1000
    )
    frame_margin_km: float = key(
        2, "what filter, unwrapping, coherence and network tiles need around a frame", "km", ge=0, le=20
    )
    margin_m: float = key(3000, "DEM margin around the region, for layover, shadow and curvature", "m", ge=0, le=50000)
    dem: PathText = key(
        "",
        "DEM of a real region: a file ($VARIABLES are expanded), or glo30, aw3d30, srtm to be downloaded; empty: simulated",
    )
    dem_vertical: Literal["ellipsoidal", "orthometric"] = key(
        "ellipsoidal", "vertical reference of the DEM file; the engine needs ellipsoidal heights"
    )
    geoid_m: float | None = key(
        None, "geoid undulation added to an orthometric DEM, one value for the region", "m", ge=-120, le=120
    )

    @check
    def _can_be_run(self) -> None:
        west, south, east, north = self.bounds
        if not (west < east and south < north):
            raise Mistake(
                f"grid.bounds = {list(self.bounds)}: are empty",
                "give [west, south, east, north] in metres, west below east and south below north",
                "grid.bounds",
            )
        cell_m = min(self.cell_m, self.product_m or self.cell_m)
        cells = cells_in(self.bounds, cell_m)
        if cells > MAX_CELLS:
            raise Mistake(
                f"grid.bounds = {list(self.bounds)}: are {cells:.3g} cells of {cell_m:g} m, more than a run can hold"
                f" ({MAX_CELLS:.0e})",
                "check the bounds; give a smaller region, or several, or larger cells",
                *("grid.bounds", "grid.cell_m", "grid.product_m"),
            )

    @check
    def _margin_holds_slopes(self) -> None:
        if self.margin_m < self.cell_m:
            raise Mistake(
                f"grid.margin_m = {self.margin_m:g} is less than a cell of {self.cell_m:g} m, from which slopes are taken",
                "give at least grid.cell_m, and some kilometres where ridges cast layover and shadow",
                *("grid.margin_m", "grid.cell_m"),
            )

    @check
    def _frames_hold_their_margin(self) -> None:
        if self.frame_km < 2 * self.frame_margin_km:
            raise Mistake(
                f"grid.frame_km = {self.frame_km:g}: is less than two margins of {self.frame_margin_km:g} km",
                "give frames of at least twice grid.frame_margin_km; 60 km is the default",
                *("grid.frame_km", "grid.frame_margin_km"),
            )

    @check
    def _products_divide_cells(self) -> None:
        parts = self.cell_m / (self.product_m or self.cell_m)
        if parts < 1 or abs(parts - round(parts)) > 1e-9:
            raise Mistake(
                f"grid.product_m = {self.product_m:g} does not divide grid.cell_m = {self.cell_m:g}",
                "give a whole part of cell_m, for example 12.5 with cells of 25",
                *("grid.product_m", "grid.cell_m"),
            )

    def region_grid(self) -> RegionGrid:
        """The grid of the region.

        Returns
        -------
        RegionGrid
            Whole cells around `bounds`.
        """
        return RegionGrid.from_bounds(self.epsg, self.bounds, self.cell_m)

    def frames(self) -> tuple[Frame, ...]:
        """The frames of the region.

        Returns
        -------
        tuple of Frame
            One, `f0`, for a region no larger than `frame_km`.
        """
        return frames_of(self.region_grid(), self.frame_km, self.frame_margin_km)

    @property
    def in_frames(self) -> bool:
        """Whether the region has several frames."""
        return len(self.frames()) > 1

    @property
    def dem_margin_m(self) -> float:
        """Margin of the DEM around the region, m: `margin_m` beyond the margin of its frames."""
        return self.margin_m + (1000 * self.frame_margin_km if self.in_frames else 0)


class SimulationSection(Section):
    """The simulated acquisitions of a region whose source is `simulated`."""

    seed: int = key(1848, "seed of terrain, landslides, atmosphere and speckle; same seed, same bytes", ge=0, lt=2**32)
    dates: int = key(30, "acquisitions of each stack (A03, A04)", "dates", "P0", ge=2, le=400)
    new_dates: int = key(0, "later acquisitions, each simulated on its own", "dates", ge=0, le=400)
    snowline_m: float = key(4100.0, "height of the simulated snowline", "m", ge=0, le=9000)
    dem: PathText = key(
        "",
        "its ground: a DEM of the library by name (docs/reference/datasets.md), or a file, heights as grid.dem_vertical and"
        " grid.geoid_m say; beyond its ends it is mirrored; empty: a valley is drawn; $VARIABLES are expanded",
    )
    landslides: Literal["types", "inventories"] = key(
        "types",
        "P2's three types with one speed each, or outlines, moving elements, speeds and courses in time as inventories and"
        " measurements have them",
    )
    scattering: Literal["classes", "measured"] = key(
        "classes",
        "speckle and coherence of classes of land cover, or texture, towns, noise and decorrelation as real Sentinel-1 data show"
        " them",
    )
    snow_drop_m: float = key(
        0, "by how much seasonal snow reaches below snowline_m in late winter; 0: no seasonal snow", "m", ge=0, le=5000
    )
    fading_mm_per_yr: float = key(
        0,
        "rate at which vegetated ground seems to move in pairs of a few days, towards the satellite; triplets do not close",
        "mm/yr",
        ge=-1000,
        le=1000,
    )
    season_mm_per_km: float = key(0, "amplitude of the yearly wave of the stratified delay", "mm/km", ge=0, le=100)
    interval_days: int = key(12, "revisit of one satellite (A16)", "days", "P0", ge=6, le=96)
    first_date: dict[StackName, DateName] = key(
        {"A128": "20190306", "D062": "20190311"}, "first acquisition of each stack", "YYYYMMDD"
    )

    @check
    def _dem_is_in_library(self) -> None:
        if dem_library.is_name(self.dem) and self.dem not in dem_library.library():
            raise Mistake(
                f"simulation.dem = {self.dem} is no DEM of the library",
                f"give a file, or one of {', '.join(dem_library.library())}",
                "simulation.dem",
            )


class CatalogSection(Section):
    """Where `sarslide update` looks for new acquisitions of a region of source `safe`."""

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
    search_asf: Address = key("https://cmr.earthdata.nasa.gov", "address of the search at ASF")
    search_copernicus: Address = key(
        "https://catalogue.dataspace.copernicus.eu/odata/v1", "address of the catalogue of the Copernicus Data Space"
    )


class RetrieveSection(Section):
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
    orbit_sources: Annotated[tuple[Literal["asf_listing", "asf_bucket", "copernicus"], ...], EachOnce] = key(
        ("asf_bucket", "asf_listing", "copernicus"), "servers that orbit files are looked for on, in turn", min_length=1
    )
    sentinel2: bool = key(False, "retrieve Sentinel-2 reflectances (C08, A10)", "", "P3")
    sentinel2_start: DateName = key("20200101", "first date of the Sentinel-2 search", "YYYYMMDD")
    sentinel2_end: DateName = key("20201231", "last date of the Sentinel-2 search", "YYYYMMDD")
    sentinel2_cloud: float = key(30.0, "scenes with more cloud are left out", "%", ge=0, le=100)
    sentinel2_scenes: int = key(6, "scenes of a tile, those with the least cloud, whose median is taken", ge=1, le=100)
    sentinel2_granules: Annotated[tuple[GranuleName, ...], EachOnce] = key(
        (),
        "granules by start of the datatake and tile, 20230529T034541_T48RTR, instead of the clearest scenes of a time (A10)",
        "",
        "P3",
    )
    sentinel2_collection: str = key(
        "sentinel-2-c1-l2a", "STAC collection; its items must state scale and offset of the bands"
    )
    login_earthdata: Address = key("https://urs.earthdata.nasa.gov", "address of Earthdata Login")
    cookie_asf: Address = key(
        "https://sentinel1.asf.alaska.edu/METADATA_RAW/SA/"
        "S1A_IW_RAW__0SSV_20141229T072718_20141229T072750_003931_004B96_B79F.iso.xml",
        "a small file of ASF that gives the cookie of the burst extractor for a token",
    )
    login_copernicus: Address = key(
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
        "address of the tokens of the Copernicus Data Space",
    )
    data_copernicus: Address = key("https://download.dataspace.copernicus.eu/odata/v1", "address of its downloads")
    orbit_bucket: Address = key("https://s1-orbits.s3.us-west-2.amazonaws.com", "ASF's public bucket of orbit files")
    orbit_listing: Address = key("https://s1qc.asf.alaska.edu", "ASF's listing of orbit files")
    dem_glo30: Address = key("https://copernicus-dem-30m.s3.amazonaws.com", "tiles of Copernicus GLO-30")
    dem_aw3d30: Address = key(
        "https://opentopography.s3.sdsc.edu/raster/AW3D30/AW3D30_global", "tiles of ALOS World 3D, 30 m"
    )
    dem_srtm: Address = key("https://opentopography.s3.sdsc.edu/raster/SRTM_GL1/SRTM_GL1_srtm", "tiles of SRTM, 30 m")
    geoid_egm2008: Address = key("https://cdn.proj.org/us_nga_egm08_25.tif", "geoid of GLO-30")
    geoid_egm96: Address = key("https://cdn.proj.org/us_nga_egm96_15.tif", "geoid of AW3D30 and SRTM")
    stac: Address = key("https://earth-search.aws.element84.com/v1", "STAC catalogue of Sentinel-2")

    @check
    def _only_references(self) -> None:
        for name in ("earthdata", "copernicus"):
            # The value may be the secret itself: it is not shown.
            if not REFERENCE.fullmatch(getattr(self, name)):
                raise Mistake(
                    f"retrieve.{name} is no reference",
                    "write netrc, env:NAME or file:PATH, never a token",
                    f"retrieve.{name}",
                )


class OpticalSection(Section):
    """Optional input: Sentinel-2 L2A, for networks that read reflectances (P3 2.2)."""

    products: Annotated[tuple[PathText, ...], EachOnce] = key(
        (),
        "SAFE folders, folders of band files, or files with bands 2, 3, 4, 8 and perhaps SCL; none: no optical layers (A10, C08)",
        "",
        "P3",
    )
    scale: float | None = key(None, "reflectance of one number; null: as the product states, or 0.0001", gt=0, le=1)
    offset: float | None = key(
        None,
        "reflectance of number 0: -0.1 since processing baseline 04.00, 0 before or where it has been taken off; null: as the"
        " product states",
        ge=-1,
        le=1,
    )


class LithologySection(Section):
    """Optional input: a geological map, for networks that read the rock (P3 2.2)."""

    file: PathText = key(
        "", "vector file with polygons, any CRS; $VARIABLES are expanded; empty: no lithology (C07)", "", "P3"
    )
    layer: str = key("", "layer of the file; empty: the first")
    attribute: str = key("xx", "column with the kind of rock; xx is that of the Global Lithological Map")
    classes: dict[str, str] = key(
        {}, "class of each value: {limestone: sc}; the words are those of sarslide.layers.LITHOLOGY, or wb, ig, nd"
    )
