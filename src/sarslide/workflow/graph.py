"""The graph of a region: which dates, pairs and files it has.

Pure functions of configuration and scene table: the Snakefile, preflight and the forecast ask the
same object; nothing here reads a result, a clock or the network.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any

from sarslide import network
from sarslide.catalog.scenes import SceneTable
from sarslide.catalog.tracks import seen_areas
from sarslide.config import Config, existing, reach, resolve
from sarslide.errors import ConfigError
from sarslide.frames import WHOLE, Frame
from sarslide.grid import RegionGrid
from sarslide.insar.engines import ENGINES, Engine
from sarslide.io.resample import finer_grid
from sarslide.layers import AVERAGES, GEOMETRY, OF_PAIRS, OPTICAL, RATES, TERRAIN
from sarslide.linking.plan import MiniStacks
from sarslide.names import release_name, split_pair
from sarslide.rates.methods import METHODS, WITH_RATES, Method
from sarslide.retrieve import dem_library
from sarslide.workflow.fingerprint import fingerprint
from sarslide.workflow.location import workflow_folder
from sarslide.workflow.paths import PAIR_FILES, Paths, layer_files, with_parts
from sarslide.workflow.release_id import optional_inputs, release_digest, script_of, upstream_rules

# Sources of which the orbit decides what a stack sees.
FROM_ORBIT = ("safe", "hyp3")
# Optional inputs (P3 2.2), by the folder of the results that holds them.
OPTIONAL = {"optical": OPTICAL, "lithology": ("lithology",)}
# The columns of the scene table that decide the download of a date.
GRANULE_COLUMNS = ("granule", "bytes", "checksum", "orbit_file", "start_utc", "stop_utc")


class Graph:
    """Files of a region and what each of them is made from.

    Parameters
    ----------
    config : Config
        The configuration of the region.
    scenes : SceneTable
        Its acquisitions.
    scripts : Path
        Folder of the rules' scripts, whose code is part of a release's name.
    """

    def __init__(self, config: Config, scenes: SceneTable, scripts: Path) -> None:
        self.config, self.scenes, self.scripts = config, scenes, scripts
        self._frames = {frame.name: frame for frame in config.grid.frames()}
        self.paths = Paths(config.region, config.engine, config.rates.method, config.segmentation.mapped_by)

    @classmethod
    def of(cls, config: Config, scenes: SceneTable) -> "Graph":
        """The graph of a region that this installation's scripts run.

        Parameters
        ----------
        config : Config
            The configuration of the region.
        scenes : SceneTable
            Its acquisitions.

        Returns
        -------
        Graph
            As the Snakefile makes it.
        """
        return cls(config, scenes, workflow_folder() / "workflow_scripts")

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of the frames of the region."""
        return tuple(self._frames)

    def frame(self, name: str) -> Frame:
        """A frame of the region.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        Frame
            Its cells, with and without the margin.

        Raises
        ------
        ConfigError
            For a name that no frame of the region has.
        """
        if name not in self._frames:
            raise ConfigError(
                f"frame {name} is none of region {self.config.region}",
                f"its frames are {', '.join(self.frames)}; they follow from grid.bounds and grid.frame_km",
            )
        return self._frames[name]

    @cached_property
    def _seen(self) -> dict[str, tuple[str, ...]]:
        wanted = set(self.config.frames or self.frames) - set(self.config.inventory.without_frames)
        cores = {name: frame.core for name, frame in self._frames.items() if name in wanted}
        if len(self._frames) == 1 or self.config.source not in FROM_ORBIT:
            return dict.fromkeys(self.config.stacks, tuple(cores))
        return {stack: tuple(compress(cores, seen_areas(stack, list(cores.values())))) for stack in self.config.stacks}

    def frames_of(self, stack: str) -> tuple[str, ...]:
        """The frames that the swaths of a stack touch, as far as this run is about them.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        tuple of str
            Names, in the order of `frames`.
        """
        return self._seen[stack]

    def stacks_of(self, frame: str) -> list[str]:
        """The stacks whose swaths touch a frame, as far as this run is about it.

        Parameters
        ----------
        frame : str
            Name of the frame.

        Returns
        -------
        list of str
            Names, in the order of the configuration.
        """
        return [stack for stack in self.config.stacks if frame in self.frames_of(stack)]

    @cached_property
    def run_frames(self) -> tuple[str, ...]:
        """The frames that this run is about: all that a stack sees, or those of the key `frames`.

        Returns
        -------
        tuple of str
            Their names.

        Raises
        ------
        ConfigError
            For a frame of that key that no stack sees.
        """
        seen = set().union(*self._seen.values())
        if unseen := [name for name in self.config.frames if name not in seen]:
            raise ConfigError(
                f"config: frames names {', '.join(unseen)}, which no stack of {self.config.region} sees",
                "leave it out: there is nothing to be made",
            )
        return tuple(name for name in self.frames if name in seen)

    @property
    def engine(self) -> Engine:
        """Row of the table of engines."""
        return ENGINES[self.config.engine]

    @property
    def method(self) -> Method:
        """Row of the table of rate methods."""
        return METHODS[self.config.rates.method]

    @property
    def rate_layers(self) -> tuple[str, ...]:
        """Layers that the rate method leaves in the folder `paths.rates`."""
        return RATES if self.method.has_rates else OF_PAIRS

    def resampled_layers(self) -> dict[str, str]:
        """Path patterns of what is resampled to the finer grid of the products, by layer.

        Where networks read that grid, their map and the terrain are made on it, and are none of
        them.

        Returns
        -------
        dict of str to str
            Files on the region grid.
        """
        paths, amplitude = self.paths, ["mean_amplitude_db"] if self.engine.amplitude else []
        found = {
            **(layer_files(f"{paths.stack}/averaging", AVERAGES) if self.engine.pairs else {}),
            **layer_files(paths.rates, self.rate_layers),
            **layer_files(f"{paths.stack}/geometry", GEOMETRY),
        }
        if self.finer_networks:
            return found | layer_files(f"{paths.stack}/amplitude", amplitude)
        return found | layer_files(paths.terrain, TERRAIN) | layer_files(paths.segment, ["probability"])

    def require_rates(self, what: str) -> None:
        """Refuse what reads rates where the rate method makes none.

        Parameters
        ----------
        what : str
            What reads them, for the message.

        Raises
        ------
        ConfigError
            For a method without rates.
        """
        if not self.method.has_rates:
            raise ConfigError(
                f"config: rates.method = {self.method.name} unwraps nothing, and {what} reads rates",
                f"set rates.method to {' or '.join(WITH_RATES)}",
            )

    @property
    def finer_networks(self) -> bool:
        """Whether the networks read layers on the grid of the products."""
        return self.config.segmentation.grid == "product"

    def grid(self, frame: str | None = None) -> RegionGrid:
        """The grid of the layers of a frame, with its margin, or that of the region.

        Parameters
        ----------
        frame : str, optional
            Name of the frame.

        Returns
        -------
        RegionGrid
            Cells of `grid.cell_m`.
        """
        return self.config.grid.region_grid() if frame is None else self.frame(frame).grid

    def product_grid(self, frame: str | None = None) -> RegionGrid:
        """The grid of the final products of a frame or the region.

        Parameters
        ----------
        frame : str, optional
            Name of the frame.

        Returns
        -------
        RegionGrid
            Cells of `grid.product_m`; `grid` where there are no finer ones.
        """
        return finer_grid(self.grid(frame), self.config.grid.product_m or self.config.grid.cell_m)

    def network_grid(self, frame: str | None = None) -> RegionGrid:
        """The grid of the layers that networks read, of their maps and of the objects.

        Parameters
        ----------
        frame : str, optional
            Name of the frame.

        Returns
        -------
        RegionGrid
            That of the products, or of the region.
        """
        return self.product_grid(frame) if self.finer_networks else self.grid(frame)

    @property
    def simulated(self) -> bool:
        """Whether the region is simulated, so that its truth is known."""
        return self.config.source == "simulated"

    def dates(self, stack: str) -> list[str]:
        """Dates of a stack.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        list of str
            `YYYYMMDD`, in order.
        """
        return self.scenes.dates(stack)

    def links(self, stack: str) -> bool:
        """Whether the pairs of a stack are made of linked phases.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        bool
            Where nobody asks for linking, stacks that are too short for it do without.
        """
        asked = "linking" in self.config.interferogram.model_fields_set
        return self.config.interferogram.linking != "none" and (asked or len(self.dates(stack)) >= network.MIN_LINKED)

    def pair_filter(self, stack: str) -> dict[str, Any]:
        """The keys that decide the filtered phase of the pairs of a stack.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        dict
            Value by key of `interferogram`: those of linking, or of the Goldstein filter.
        """
        linked = ("linking", "ministack") if self.links(stack) else ("goldstein_alpha", "goldstein_window")
        return self.leaves("interferogram", *linked)

    def ministacks(self, stack: str) -> MiniStacks:
        """Which dates of a stack are linked together.

        Parameters
        ----------
        stack : str
            Name of the stack.

        Returns
        -------
        MiniStacks
            Of all its dates and pairs.
        """
        return MiniStacks(self.dates(stack), self.pairs(stack), self.config.interferogram.ministack)

    @cached_property
    def _pairs(self) -> dict[str, tuple[str, ...]]:
        plan, scenes = self.config.network, self.scenes
        if not self.engine.pairs:
            return dict.fromkeys(self.config.stacks, ())
        if scenes.pairs:
            return dict.fromkeys(self.config.stacks, scenes.pairs)
        return {
            stack: tuple(network.planned_pairs(plan, self.dates(stack), scenes.baselines(stack)))
            for stack in self.config.stacks
        }

    def pairs(self, stack: str, window: str | None = None) -> list[str]:
        """Pairs of a stack: the configuration's explicit list, or those of the network's preset.

        None of an engine without pairs.

        Parameters
        ----------
        stack : str
            Name of the stack.
        window : str, optional
            A key of `rates.windows`: only pairs with both dates inside it.

        Returns
        -------
        list of str
            Names of pairs, ordered by later, then earlier date.
        """
        pairs = self._pairs[stack]
        if window is None:
            return list(pairs)
        first, last = self.config.rates.windows[window]
        return [pair for pair in pairs if first <= min(split_pair(pair)) and max(split_pair(pair)) <= last]

    def check_network(self) -> list[str]:
        """Check that every stack has scenes and pairs enough for the rate method.

        Returns
        -------
        list of str
            Warnings.

        Raises
        ------
        CatalogError, StackError, NetworkError
            For scenes or networks that cannot give the rates.
        ConfigError
            For a named reference area that no stack sees.
        """
        self.scenes.check()
        if not self.engine.pairs:
            return self._without_reference()
        plan = self.config.network
        found = [
            warning
            for stack in self.config.stacks
            for warning in network.check(
                stack, self.dates(stack), self.pairs(stack), self.method, plan.preset, plan.max_days
            )
        ]
        return [*found, *self._without_reference()]

    def _without_reference(self) -> list[str]:
        """Warning of the stacks that do not see the named reference area."""
        named = set(self.config.reference_frames())
        if not named or self.config.frames:
            return []
        blind = [stack for stack in self.config.stacks if not named & set(self.frames_of(stack))]
        if len(blind) == len(self.config.stacks):
            raise ConfigError(
                f"config: rates.reference = {list(self.config.rates.reference or ())} lies in no frame that a stack sees",
                "give east, north and radius in metres of the region's CRS, of ground in the swath of a stack",
            )
        return [f"rates.reference lies in no frame of {stack}: its frames choose their own areas" for stack in blind]

    def pair_inputs(
        self, kinds: Sequence[str], stack: str, frame: str, window: str | None = None
    ) -> dict[str, list[str]]:
        """Files of all pairs of a stack, for a rule that reads them together.

        Parameters
        ----------
        kinds : sequence of str
            Keys of `workflow.paths.PAIR_FILES`.
        stack, frame : str
            Names of the stack and of the frame.
        window : str, optional
            A key of `rates.windows`: only its pairs.

        Returns
        -------
        dict of str to list of str
            Paths by kind, in the order of the pairs.
        """
        pairs = self.pairs(stack, window)
        return {kind: self.paths.pair_files(stack, frame, pairs, kind) for kind in kinds}

    def every(self, pattern: str) -> list[str]:
        """The paths of a pattern with `{stack}` and `{frame}`, or one of them.

        Parameters
        ----------
        pattern : str
            A pattern of `Paths`.

        Returns
        -------
        list of str
            One path for each stack and frame, stack by stack.
        """
        made = (
            pattern.format(stack=stack, frame=frame) for stack in self.config.stacks for frame in self.frames_of(stack)
        )
        return list(dict.fromkeys(made))

    def map_of(self, pattern: str) -> str:
        """The pattern of a layer of the whole region: its mosaic, or the layer of the only frame.

        Parameters
        ----------
        pattern : str
            A pattern of `Paths` with the folder `{frame}`.

        Returns
        -------
        str
            The pattern without it.
        """
        if self.frames == (WHOLE,):
            return pattern.replace("{frame}", WHOLE)
        return pattern.replace("/{frame}", "")

    def maps(self, pattern: str) -> list[str]:
        """The layers of the whole region of a pattern with `{stack}` and `{frame}`.

        Parameters
        ----------
        pattern : str
            A pattern of `Paths`.

        Returns
        -------
        list of str
            One path a stack; none for a stack that sees no frame of this run.
        """
        return [self.map_of(pattern).format(stack=stack) for stack in self.config.stacks if self.frames_of(stack)]

    def every_pair(self, kind: str, pairs: Mapping[str, Sequence[str]] | None = None) -> list[str]:
        """Files of one kind of the pairs of all stacks, for the whole region.

        Parameters
        ----------
        kind : str
            A key of `workflow.paths.PAIR_FILES`; sidecars are those of a stack's first frame.
        pairs : mapping of str to sequence of str, optional
            Pairs by stack; all pairs where it is left out.

        Returns
        -------
        list of str
            Paths, stack by stack.
        """
        found = []
        for stack in filter(self.frames_of, self.config.stacks):
            first = self.frames_of(stack)[0]
            ifg = f"{self.paths.stack}/ifg"
            folder = (ifg if kind == "sidecars" else self.map_of(ifg)).format(stack=stack, frame=first)
            wanted = self.pairs(stack) if pairs is None else pairs[stack]
            found += [f"{folder}/{pair}.{PAIR_FILES[kind]}" for pair in wanted]
        return found

    @property
    def last_pairs(self) -> dict[str, list[str]]:
        """The last pair of each stack, which the report shows, as a list of one."""
        return {stack: self.pairs(stack)[-1:] for stack in self.config.stacks}

    @property
    def optional(self) -> dict[str, bool]:
        """Whether the region has each optional input; a simulated region can always make them."""
        return {name: named or self.simulated for name, named in optional_inputs(self.config).items()}

    def optional_layers(self) -> dict[str, str]:
        """Path patterns, with the wildcard `{frame}`, of the region's optional inputs, by layer."""
        found: dict[str, str] = {}
        for name, there in self.optional.items():
            if there:
                found |= layer_files(self.paths.ground(name), OPTIONAL[name])
        return found

    def granules(self, stack: str, date: str) -> list[dict[str, str]]:
        """The columns of the scene table that decide the download of a date.

        Parameters
        ----------
        stack, date : str
            Names of the stack and of the date.

        Returns
        -------
        list of dict
            The columns `GRANULE_COLUMNS`, one row a granule.
        """
        return [{column: row[column] for column in GRANULE_COLUMNS} for row in self._rows[stack, date]]

    def addresses(self, stack: str, date: str) -> str:
        """Where the granules of a date lie.

        Parameters
        ----------
        stack, date : str
            Names of the stack and of the date.

        Returns
        -------
        str
            Addresses in the order of `granules`, separated by blanks.
        """
        return " ".join(row["address"] for row in self._rows[stack, date])

    @cached_property
    def _rows(self) -> dict[tuple[str, str], list[dict[str, str]]]:
        found: dict[tuple[str, str], list[dict[str, str]]] = {}
        for row in self.scenes.rows():
            found.setdefault((row["stack"], row["date"]), []).append(row)
        return found

    def review(self) -> list[str]:
        """The reviewer's files: empty where there is none.

        Returns
        -------
        list of str
            The configured file, or those of `review.csv` and `review.gpkg` in `resources/{region}`
            that exist.

        Raises
        ------
        ConfigError
            For a path with a variable that is not set.
        """
        if named := resolve(self.config.inventory.review):
            return [named]
        return [
            path for name in ("review.csv", "review.gpkg") if Path(path := f"{self.paths.resources}/{name}").is_file()
        ]

    def external_files(self) -> dict[str, list[str]]:
        """Files of others that the release is compared with, by key of `evaluation`.

        Returns
        -------
        dict of str to list of str
            inventory, area and points, a list of one file each; empty where none is named.

        Raises
        ------
        ConfigError
            For a file that does not exist.
        """
        named = self.config.evaluation.named()
        return {
            key: [existing(f"evaluation.{key}", named[key])] if key in named else []
            for key in ("inventory", "area", "points")
        }

    @property
    def compared(self) -> bool:
        """Whether the release is compared with an inventory of others, or with field checks."""
        return bool(self.config.evaluation.named())

    def named_file(self, name: str) -> list[str]:
        """The file that a key names as a list: empty where there is none.

        Parameters
        ----------
        name : str
            `section.key`.

        Returns
        -------
        list of str
            The configured file.

        Raises
        ------
        ConfigError
            For a file that is not there.
        """
        named = reach.value_of(self.config, name)
        return [existing(name, named)] if named else []

    def ground_file(self) -> list[str]:
        """The user's DEM file that is the ground of a simulated region, as a list.

        Returns
        -------
        list of str
            Empty where a valley is drawn, and for a DEM of the library.

        Raises
        ------
        ConfigError
            For a file that is not there.
        """
        return [] if self.library_dem else self.named_file("simulation.dem")

    @property
    def library_dem(self) -> str:
        """DEM of the library under a simulated region; empty where there is none."""
        name = self.config.simulation.dem
        return name if dem_library.is_name(name) else ""

    def ground_files(self, masking: bool = False) -> dict[str, list[str]]:
        """Files of the user about ground and what stands on it.

        Parameters
        ----------
        masking : bool
            Those that mask objects alone.

        Returns
        -------
        dict of str to list of str
            By `masks_NAME`, `land_cover` or `exposure_NAME` the file, and those beside it that it
            consists of.

        Raises
        ------
        ConfigError
            For a file that is not there.
        """
        ground = self.config.ground
        hold = {f"masks.{name}" for name, one in ground.masks.items() if one.action == "mask"}
        return {
            key.replace(".", "_"): with_parts(existing(f"ground.{key}", path))
            for key, path in ground.files().items()
            if not masking or key in hold
        }

    def ground_keys(self, masking: bool = False) -> dict[str, dict[str, Any]]:
        """How the files of ground and what stands on it are read, as parameters of a rule.

        Parameters
        ----------
        masking : bool
            Those that mask objects alone.

        Returns
        -------
        dict of str to dict
            `masks_keys` and `exposure_keys`, where there are any: keys by name, but for the file,
            which is an input.
        """
        found: dict[str, dict[str, Any]] = {}
        for key in ("masks",) if masking else ("masks", "exposure"):
            entries = getattr(self.config.ground, key)
            plain = {name: one.model_dump(mode="json", exclude={"file"}) for name, one in entries.items()}
            found[f"{key}_keys"] = {
                name: keys for name, keys in plain.items() if not masking or keys["action"] == "mask"
            }
        return {key: keys for key, keys in found.items() if keys}

    def _of_user(self) -> list[str]:
        ground = [path for paths in self.ground_files().values() for path in paths]
        return [*self.named_file("inventory.names"), *self.named_file("inventory.masks"), *ground]

    def upstream_rules(self, optional_rules: Sequence[str]) -> list[str]:
        """The rules whose code and keys a release follows from.

        Parameters
        ----------
        optional_rules : sequence of str
            Rules of the inputs that only some networks read.

        Returns
        -------
        list of str
            Names of rules.
        """
        return [*upstream_rules(self.config), *optional_rules]

    def release_id(self, weights: str, optional_rules: Sequence[str]) -> str:
        """Name of the release that follows from the region as it is now.

        Parameters
        ----------
        weights : str
            Hash of the weights of the network.
        optional_rules : sequence of str
            Rules of the inputs that only some networks read.

        Returns
        -------
        str
            `<last date>-<8 hexadecimal digits>`.
        """
        code = {
            rule: fingerprint(self.scripts / f"{script_of(rule)}.py") for rule in self.upstream_rules(optional_rules)
        }
        scenes, files = self.scenes.rows(), self.scenes.external
        decisions = ""
        if paths := self.review():
            from sarslide.inventory import review_files  # and what reads GeoPackages

            decisions = review_files.digest(paths)
        digits = release_digest(self.config, scenes, files, self._pairs, code, weights, decisions, self._of_user())
        return release_name(max(max(self.dates(stack)) for stack in self.config.stacks), digits)

    def series_polygons(self, source: str) -> str:
        """The file of polygons that get a time series of the user's.

        Parameters
        ----------
        source : str
            `inventory` for the current release, `polygons` for the file of the configuration.

        Returns
        -------
        str
            The path.

        Raises
        ------
        ConfigError
            Where no file is configured.
        """
        if source == "inventory":
            return f"{self.paths.inventory}/release.json"
        if not self.config.rates.series_polygons:
            raise ConfigError("config: rates.series_polygons is empty", "name a vector file")
        return existing("rates.series_polygons", self.config.rates.series_polygons)

    def final_products(self) -> list[str]:
        """What a run makes beside the release.

        Report, scores where the truth is known or an inventory of others is named, quality of
        pairs, east and up where both passes see the ground, what is asked for.

        Returns
        -------
        list of str
            Paths.

        Raises
        ------
        ConfigError
            For D-InSAR maps of pairs that no stack has.
        """
        scores = [f"{self.paths.results}/report/scores.json"] if self.simulated else []
        scores += [f"{self.paths.results}/report/external_scores.json"] if self.compared else []
        of_pairs = ["network.png", *(["closure.json"] if self.method.has_rates else []), "phase_bias.json"]
        quality = [
            path
            for name in (of_pairs if self.engine.pairs else [])
            for path in self.every(f"{self.paths.stack}/quality/{name}")
        ]
        east_up = [f"{self.paths.east_up}/east_up.json".format(frame=frame) for frame in self.frames_of_both_passes()]
        report = f"{self.paths.results}/report/report.html"
        return [report, *scores, *quality, *east_up, *self.mosaics(), *self.asked_products()]

    def frames_of_both_passes(self) -> list[str]:
        """Frames that ascending and descending stacks give rates.

        Returns
        -------
        list of str
            Names; none where the method makes no rates.
        """
        if not self.method.has_rates:
            return []
        seen = {frame: {stack[0] for stack in self.stacks_of(frame)} for frame in self.frames}
        return [frame for frame, passes in seen.items() if passes == {"A", "D"}]

    def mosaics(self) -> list[str]:
        """What people read of each stack where the region has several frames.

        Rates, levelled, with the levels of the frames as a figure; averaged phase; coherence;
        probability; layover and shadow; on the grid of the products, too.

        Returns
        -------
        list of str
            Paths; none of a region of one frame, whose layers are maps of the region.
        """
        if len(self.frames) == 1:
            return []
        paths = self.paths
        rates = ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr"] if self.method.has_rates else []
        common = [*rates, "mean_coherence"]
        probability = f"{paths.segment}/probability.tif"
        patterns = [f"{paths.rates}/{layer}.tif" for layer in common]
        patterns += [f"{paths.stack}/averaging/avg_phase_rad.tif"] if self.engine.pairs else []
        patterns += [f"{paths.stack}/geometry/layover_shadow.tif"]
        patterns += [probability, *([f"{paths.rates}/levels.png"] if rates else [])]
        if self.config.grid.product_m:
            averages = ["avg_phase_rad"] if self.engine.pairs else []
            finer = [*common, *averages, *([] if self.finer_networks else ["probability"])]
            patterns += [f"{paths.resampled}/{layer}.tif" for layer in finer]
        return [path for pattern in patterns for path in self.maps(pattern)]

    def asked_products(self) -> list[str]:
        """What the configuration requests beside the inventory.

        Windows, D-InSAR maps, phase gradients, time series, products on a finer grid, networks side
        by side.

        Returns
        -------
        list of str
            Paths.

        Raises
        ------
        ConfigError
            For D-InSAR maps of pairs that no stack has.
        """
        rates, paths = self.config.rates, self.paths
        windows = [
            path
            for window in (rates.windows if self.method.has_rates else ())
            for path in self.maps(f"{paths.window(window)}/los_rate_mm_per_yr.tif")
        ]
        known = {stack: set(self.pairs(stack)) for stack in self.config.stacks} if rates.dinsar else {}
        if missing := sorted(set(rates.dinsar) - set().union(*known.values())):
            raise ConfigError(
                f"config: rates.dinsar names {', '.join(missing)}, which no stack has",
                "name pairs of the network, or list them in network.pairs",
            )
        maps = [
            paths.of_frame(stack, frame, "dinsar", f"{pair}.{kind}")
            for stack, pairs in known.items()
            for frame in self.frames_of(stack)
            for pair in rates.dinsar
            if pair in pairs
            for kind in ("los_displacement_mm.tif", "dinsar_figure.png")
        ]
        followed = rates.series_polygons and self.method.has_rates
        series = self.maps(f"{paths.rates}/series/polygons.csv") if followed else []
        finer = self.every(f"{paths.resampled}/resample_products.json") if self.config.grid.product_m else []
        beside = self.maps(f"{paths.networks}/comparison.png") if self.config.segmentation.beside else []
        gradients = self.every(f"{paths.stack}/phase_gradient/phase_gradient.json") if rates.phase_gradient else []
        return [*windows, *maps, *gradients, *series, *finer, *beside]

    def leaves(self, section: str, *keys: str, rule: str = "") -> dict[str, Any]:
        """Leaf parameters of a rule.

        Parameters
        ----------
        section : str
            A section of the configuration.
        *keys : str
            Keys of that section.
        rule : str
            The rule, for those of the keys that it reads in this configuration.

        Returns
        -------
        dict
            Value by key.
        """
        values = getattr(self.config, section)
        read = [key for key in keys if not rule or reach.decides(self.config, f"{section}.{key}", [rule])]
        return {key: getattr(values, key) for key in read}
