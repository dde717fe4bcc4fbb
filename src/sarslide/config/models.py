"""The whole configuration of a region."""

import math
from functools import reduce
from typing import Annotated, Any, Literal

from sarslide import names
from sarslide.config.crs import check_crs
from sarslide.config.displacement import DisplacementSection
from sarslide.config.evaluation import EvaluationSection
from sarslide.config.fields import EachOnce, FrameName, Mistake, OneOf, Section, StackName, check, key
from sarslide.config.ground import GroundSection
from sarslide.config.interferograms import (
    FilesSection,
    Hyp3Section,
    InterferogramSection,
    Isce2Section,
    NetworkSection,
    SlcSection,
    SnapSection,
)
from sarslide.config.learning import (
    BenchmarkSection,
    DatasetSection,
    SegmentationSection,
    TrainingSection,
    VelocityThresholdSection,
)
from sarslide.config.region import (
    CatalogSection,
    GridSection,
    LithologySection,
    OpticalSection,
    RetrieveSection,
    SimulationSection,
)
from sarslide.config.report import ReportSection
from sarslide.config.results import AlertsSection, FactorsSection, InventorySection, RatesSection, SbasSection
from sarslide.grid import RegionGrid
from sarslide.insar.engines import ENGINES
from sarslide.insar.external.sensor import flies
from sarslide.rates.methods import DELIVERED, METHODS

MAX_NAMED = 10  # frames that a message lists
SOURCES = tuple(dict.fromkeys(source for engine in ENGINES.values() for source in engine.sources))


class Config(Section):
    """The whole configuration of one region."""

    region: str = key(
        "demo", "a packaged region, or NAME of your own regions/NAME.yaml", pattern=f"^{names.IDENTIFIER}$"
    )
    source: Annotated[str, OneOf(SOURCES)] = key(
        "safe",
        "where acquisitions come from: simulated; Sentinel-1 products, of folders or of an archive (section catalog); existing"
        " interferograms; bursts for HyP3; displacement products",
    )
    engine: Annotated[str, OneOf(ENGINES)] = key(
        "native",
        "InSAR engine; files for existing interferograms, hyp3 and displacement for the sources of these names",
    )
    stacks: Annotated[tuple[StackName, ...], EachOnce] = key(
        (), "pass and relative orbit of each stack, for example [A128, D062]", min_length=1
    )
    frames: Annotated[tuple[FrameName, ...], EachOnce] = key(
        (), "run only these frames of a large region, up to their candidates; empty: the whole region"
    )
    joined: bool = key(
        False,
        "run no frame, and join those that are made: mosaics, levels, inventory, report; `sarslide run` does it by itself",
    )
    paper: Literal["", "P0", "P2", "P3", "P4", "H22"] = key(
        "", "publication whose recipe the region follows; the report sets its tables and figures beside ours"
    )
    assumptions: dict[str, str] = key(
        {}, "keys whose values that publication does not give, each with the reason of ours; printed in the report"
    )
    grid: GridSection = GridSection()
    simulation: SimulationSection = SimulationSection()
    network: NetworkSection = NetworkSection()
    catalog: CatalogSection = CatalogSection()
    retrieve: RetrieveSection = RetrieveSection()
    slc: SlcSection = SlcSection()
    interferogram: InterferogramSection = InterferogramSection()
    isce2: Isce2Section = Isce2Section()
    files: FilesSection = FilesSection()
    displacement: DisplacementSection = DisplacementSection()
    hyp3: Hyp3Section = Hyp3Section()
    snap: SnapSection = SnapSection()
    rates: RatesSection = RatesSection()
    sbas: SbasSection = SbasSection()
    optical: OpticalSection = OpticalSection()
    lithology: LithologySection = LithologySection()
    segmentation: SegmentationSection = SegmentationSection()
    velocity_threshold: VelocityThresholdSection = VelocityThresholdSection()
    inventory: InventorySection = InventorySection()
    ground: GroundSection = GroundSection()
    evaluation: EvaluationSection = EvaluationSection()
    alerts: AlertsSection = AlertsSection()
    report: ReportSection = ReportSection()
    factors: FactorsSection = FactorsSection()
    dataset: DatasetSection = DatasetSection()
    training: TrainingSection = TrainingSection()
    benchmark: BenchmarkSection = BenchmarkSection()

    @check
    def _engine_fits_source(self) -> None:
        if self.source not in ENGINES[self.engine].sources:
            fitting = [name for name, engine in ENGINES.items() if self.source in engine.sources]
            raise Mistake(
                f"engine = {self.engine} does not fit source = {self.source}",
                f"engines for this source: {', '.join(fitting)}",
                *("engine", "source"),
            )

    @check
    def _method_fits_engine(self) -> None:
        if ENGINES[self.engine].pairs is not (self.rates.method != DELIVERED):
            without = " or ".join(name for name, engine in ENGINES.items() if not engine.pairs)
            raise Mistake(
                f"rates.method = {self.rates.method} does not fit engine = {self.engine}",
                f"set rates.method: {DELIVERED} with engine {without}, and another method with engines that make pairs",
                *("rates.method", "engine"),
            )

    @check
    def _each_track_has_its_product(self) -> None:
        if self.source != "displacement":
            return
        products, stacks = set(self.displacement.products), set(self.stacks)
        if products != stacks:
            raise Mistake(
                f"displacement.products names {', '.join(sorted(products)) or 'nothing'}, stacks {', '.join(self.stacks)}",
                "give each stack its product, and no other",
                *("displacement.products", "stacks"),
            )
        for stack, product in self.displacement.products.items():
            heading = product.heading_deg
            if heading is not None and stack[0] != flies(heading):
                raise Mistake(
                    f"displacement.products.{stack}.heading_deg = {heading:g} contradicts the pass of the stack",
                    "correct the pass (A or D), or the heading",
                    *("displacement.products", "stacks"),
                )

    @check
    def _tracks_are_named(self) -> None:
        if not self.stacks:
            raise Mistake(
                "stacks is empty", "name pass and relative orbit of each track, for example [A128, D062]", "stacks"
            )

    @check
    def _ground_is_known(self) -> None:
        if self.source != "simulated" and not self.grid.dem:
            raise Mistake(
                "grid.dem is empty",
                "name a file with ellipsoidal heights, or glo30, aw3d30 or srtm",
                *("grid.dem", "source"),
            )

    @check
    def _crs_fits_region(self) -> None:
        check_crs(self.grid.epsg, self.grid.bounds)

    @check
    def _frames_are_of_region(self) -> None:
        left_out = self.inventory.without_frames
        there = [frame.name for frame in self.grid.frames()] if self.frames or left_out else []
        for key_name, named in (("frames", self.frames), ("inventory.without_frames", left_out)):
            if wrong := [name for name in named if name not in there]:
                more = f" and {len(there) - MAX_NAMED} more" * (len(there) > MAX_NAMED)
                raise Mistake(
                    f"{key_name} names {', '.join(wrong[:MAX_NAMED])}, no frame of this region",
                    f"its frames, of grid.bounds and grid.frame_km, are {', '.join(there[:MAX_NAMED])}{more}",
                    *(key_name, "grid.frame_km"),
                )
        if left_out and set(left_out) == set(there):
            raise Mistake(
                "inventory.without_frames names all frames of the region",
                "leave out the frames that failed alone",
                *("inventory.without_frames", "grid.frame_km"),
            )

    @check
    def _networks_read_what_is_made(self) -> None:
        networks, windows = self.segmentation, self.rates.windows
        if networks.window and networks.window not in windows:
            raise Mistake(
                f"segmentation.window = {networks.window} is no key of rates.windows",
                f"name {' or '.join(windows)}" if windows else "give rates.windows that window, or leave it empty",
                *("segmentation.window", "rates.windows"),
            )
        if networks.grid == "product" and not self.grid.product_m:
            raise Mistake(
                "segmentation.grid = product, and grid.product_m is null",
                "set grid.product_m, for example to 12.5 with cells of 25, or segmentation.grid to region",
                *("segmentation.grid", "grid.product_m"),
            )
        if networks.grid == "product" and networks.window:
            raise Mistake(
                f"segmentation.window = {networks.window} does not fit segmentation.grid = product",
                "rates of a window are not resampled; leave one of them out",
                *("segmentation.window", "segmentation.grid"),
            )

    @check
    def _one_weather_model(self) -> None:
        if self.rates.delays and METHODS[self.rates.method].corrects_dates and self.sbas.era5:
            raise Mistake(
                "sbas.era5 = true takes delays off again that rates.delays has taken off",
                "leave one of them out",
                *("sbas.era5", "rates.delays"),
            )

    @check
    def _linked_pairs_close(self) -> None:
        if self.rates.phase_bias == "remove" and self.interferogram.linking in ("evd", "emi"):
            raise Mistake(
                f"interferogram.linking = {self.interferogram.linking} leaves no closures, from which rates.phase_bias = remove"
                " takes the bias",
                "leave one of them out",
                *("rates.phase_bias", "interferogram.linking"),
            )

    @check
    def _assumptions_name_keys(self) -> None:
        for name in self.assumptions:
            section, _, leaf = name.rpartition(".")
            known = type(getattr(self, section, None)) if section else Config
            if leaf not in getattr(known, "model_fields", {}):
                raise Mistake(
                    f"assumptions names '{name}', which is no key", "name keys as section.key", f"assumptions.{name}"
                )

    @check
    def _archive_has_product(self) -> None:
        if (
            self.archive()
            and self.retrieve.product == "bursts"
            and not (self.archive() == "asf" and ENGINES[self.engine].reads_bursts)
        ):
            raise Mistake(
                f"retrieve.product = bursts does not fit archive {self.archive()} and engine {self.engine}",
                "single bursts come from ASF and are read by the native engine; set retrieve.product to auto or slc",
                *("retrieve.product", "catalog.archive", "engine", "source"),
            )

    def assumed(self) -> dict[str, Any]:
        """The value of each key that `assumptions` names.

        Returns
        -------
        dict of str to Any
            By key, as plain values.
        """
        plain = self.model_dump(mode="json")
        return {name: reduce(dict.__getitem__, name.split("."), plain) for name in self.assumptions}

    def archive(self) -> str:
        """The archive that acquisitions come from.

        Returns
        -------
        str
            `asf` or `copernicus`; empty for folders of the user and for other sources.
        """
        return self.catalog.archive if self.source == "safe" and self.catalog.archive != "folder" else ""

    def product(self) -> str:
        """What is downloaded from the archive.

        Returns
        -------
        str
            `bursts` or `slc`.
        """
        if self.retrieve.product != "auto":
            return self.retrieve.product
        return "bursts" if self.archive() == "asf" and ENGINES[self.engine].reads_bursts else "slc"

    def searched_polarisations(self) -> list[str]:
        """Channels that the archive is searched for.

        Land is imaged in VV, ice in HH. Cross-polarised channels of bursts are searched by their
        own name; SLCs hold them beside their co-polarised one.

        Returns
        -------
        list of str
            Polarisations.
        """
        channel = self.slc.polarisation
        if channel == "co":
            return ["VV", "HH"]
        return [channel] if self.product() == "bursts" else [f"{channel[0]}{channel[0]}"]

    @check
    def _heading_fits_stack(self) -> None:
        heading = self.files.heading_deg
        if self.source == "files" and heading is not None and any(stack[0] != flies(heading) for stack in self.stacks):
            raise Mistake(
                f"files.heading_deg = {heading:g} contradicts the pass of stack {self.stacks[0]}",
                "correct the pass in stacks (A or D), or the heading",
                *("files.heading_deg", "stacks"),
            )

    def reference_frames(self) -> tuple[str, ...]:
        """The frames that take the reference area that `rates.reference` names.

        Returns
        -------
        tuple of str
            Those in whose cells, with the margin, its centre and at least one cell of it lie; none
            without that key.
        """
        if self.rates.reference is None:
            return ()
        return tuple(frame.name for frame in self.grid.frames() if _holds(frame.grid, *self.rates.reference))

    @check
    def _reference_in_region(self) -> None:
        if self.rates.reference is None:
            return
        west, south, east, north = self.grid.bounds
        place = f"rates.reference = {list(self.rates.reference)}"
        if not (west <= self.rates.reference[0] <= east and south <= self.rates.reference[1] <= north):
            raise Mistake(
                f"{place} lies outside the region {list(self.grid.bounds)}",
                "give east, north and radius in metres of the region's CRS",
                *("rates.reference", "grid.bounds"),
            )
        if not set(self.reference_frames()) - set(self.inventory.without_frames):
            raise Mistake(
                f"{place} lies in no frame with rates",
                "give a place that no frame of inventory.without_frames holds, and a radius of at least a cell",
                *("rates.reference", "inventory.without_frames"),
            )


def _holds(grid: RegionGrid, east: float, north: float, radius_m: float) -> bool:
    """Whether the centre of a disc and at least the centre of one cell of it lie in a grid."""
    west_edge, south_edge, east_edge, north_edge = grid.bounds
    inside = west_edge <= east <= east_edge and south_edge <= north <= north_edge
    return inside and math.hypot(abs(grid.x() - east).min(), abs(grid.y() - north).min()) <= radius_m
