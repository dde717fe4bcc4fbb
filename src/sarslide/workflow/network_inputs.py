"""What the neural network reads and learns from, checked while the graph is built.

Weights, channels and labels.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from sarslide.config import existing, load, presets, resolve
from sarslide.config.learning import NETWORK_KEYS
from sarslide.dataset.features import CHANNEL_SETS, PICTURE, channel_set, require_layers, stored_layers
from sarslide.errors import ConfigError, SarslideError
from sarslide.io.hashes import sha256
from sarslide.layers import AVERAGES, LINE_OF_SIGHT, TERRAIN
from sarslide.models import registry
from sarslide.models.card import Card
from sarslide.models.weights import SIMULATED, packaged, read_card
from sarslide.workflow.graph import OPTIONAL, Graph
from sarslide.workflow.paths import layer_files
from sarslide.workflow.release_id import optional_inputs

RATES = ("phase_rate_rad_per_yr", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
# Weights that no file holds: random ones, and those of another data set that the network's library
# brings.
WITHOUT_FILE = ("random", *registry.PRETRAINED)


class NetworkInputs:
    """Inputs of `segment`, `label_scene` and `train` that depend on weights, channels and labels.

    Parameters
    ----------
    graph : Graph
        The graph of the region.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.config, self.paths = graph, graph.config, graph.paths

    @cached_property
    def weights(self) -> str:
        """Path of the weights: the configured file, or the packaged one of the model's name."""
        return resolve(self.config.segmentation.weights) or str(packaged(self.config.segmentation.model))

    @property
    def own_weights(self) -> list[str]:
        """The configured weights file as a list: empty for packaged weights."""
        return [self.weights] if self.config.segmentation.weights else []

    @property
    def weights_record(self) -> dict[str, str]:
        """Name and hash of the weights' file."""
        return {"file": Path(self.weights).name, "sha256": sha256(self.weights)}

    @property
    def packaged_weights(self) -> dict[str, str] | None:
        """Name and hash of packaged weights; None for those of the user.

        Their path is that of the installation: it decides nothing.
        """
        if self.own_weights:
            return None
        return {"name": self.config.segmentation.model, "sha256": self.weights_record["sha256"]}

    @cached_property
    def card(self) -> Card:
        """The card of the weights."""
        return read_card(self.weights)

    def segment_layers(self) -> dict[str, str]:
        """Path patterns of the layers that every network can read of a track, by layer."""
        return self._layers(RATES, AVERAGES[:1])

    def track_layers(self) -> dict[str, str]:
        """Path patterns of the layers that a training scene holds of a track, by layer."""
        return self._layers((*RATES, "phase_rate_std_rad_per_yr"), AVERAGES)

    def _layers(self, rates: Iterable[str], averages: Iterable[str]) -> dict[str, str]:
        amplitude = ["mean_amplitude_db"] if self.graph.engine.amplitude else []
        return {
            **layer_files(self.paths.rates, rates),
            **layer_files(f"{self.paths.stack}/averaging", averages),
            **layer_files(f"{self.paths.stack}/amplitude", amplitude),
            **layer_files(f"{self.paths.stack}/geometry", [*LINE_OF_SIGHT, "layover_shadow"]),
            **layer_files(self.paths.terrain, TERRAIN),
        }

    @property
    def picture(self) -> dict[str, str]:
        """Path pattern of the fused picture of phase and intensity, by its layer.

        Empty where the engine sees no intensity.
        """
        return {PICTURE: f"{self.paths.stack}/averaging/{PICTURE}.tif"} if self.graph.engine.amplitude else {}

    @cached_property
    def optional_of_weights(self) -> dict[str, str]:
        """Path patterns of the region's optional inputs that the weights read, by layer."""
        there = self.graph.optional_layers()
        if not there:
            return {}
        return {name: there[name] for name in stored_layers(self.card.channels) if name in there}

    def picture_of_weights(self) -> dict[str, str]:
        """The fused picture where the weights read it.

        Returns
        -------
        dict of str to str
            Path pattern by layer; empty where it is not read or the engine sees no intensity.

        Raises
        ------
        ConfigError
            For another recipe of the fusion than the weights learnt from.
        """
        if not (self.picture and self._weights_read_picture()):
            return {}
        if self.config.rates.fusion != "hsv":
            raise ConfigError(
                f"config: rates.fusion = {self.config.rates.fusion}, but the network's weights read hsv",
                "set it to hsv",
            )
        return self.picture

    def _weights_read_picture(self) -> bool:
        return PICTURE in stored_layers(self.card.channels)

    def inputs_of_weights(self) -> dict[str, str]:
        """Optional inputs and fused picture that `segment` reads.

        The region delivers every channel of the weights.

        Returns
        -------
        dict of str to str
            Path pattern by layer.

        Raises
        ------
        WeightsError, ConfigError
            For weights whose channels the region does not have.
        """
        more = self.optional_of_weights | self.picture_of_weights()
        require_layers(self.card.channels, (*self.segment_layers(), *more), self.weights)
        return more

    def optional_rules(self) -> list[str]:
        """Rules of the inputs that only some networks read.

        Their code is part of a release's name where they are read.
        """
        named, read = optional_inputs(self.config), self.optional_of_weights
        rules = [
            name if named[name] else f"simulate_{name}" for name, layers in OPTIONAL.items() if set(layers) & set(read)
        ]
        return [*(["fuse_phase"] if self._weights_read_picture() else []), *rules]

    @cached_property
    def instances(self) -> dict[str, str]:
        """Path pattern of the raster of single objects, by its layer.

        Of a network that finds them, else none.
        """
        try:
            single = registry.kind(self.card.network) == registry.INSTANCE
        except SarslideError:
            return {}  # the job that reads the weights reports what is wrong with them
        return {"instances": f"{self.paths.segment}/instances.tif"} if single else {}

    def learnt_channels(self) -> list[str]:
        """The channels that `train` learns from.

        Those of the weights that it starts from, or of the channel set.

        Returns
        -------
        list of str
            Names of channels.

        Raises
        ------
        ConfigError, WeightsError
            For unknown channels or weights.
        """
        if start := self.start_file():
            return read_card(start[0]).channels
        return list(channel_set(self.config.training.channels))

    def extra_layers(self, channels: Iterable[str], key: str) -> dict[str, str]:
        """Optional inputs that channels read.

        Parameters
        ----------
        channels : iterable of str
            Names of channels.
        key : str
            The key that requests them, for the message.

        Returns
        -------
        dict of str to str
            Path pattern by layer.

        Raises
        ------
        ConfigError
            Where the region has no such layer.
        """
        there, needed = self.graph.optional_layers(), stored_layers(channels)
        lost = [name for name in needed if name not in (*self.track_layers(), *there, *self.picture)]
        if lost:
            raise ConfigError(
                f"config: {key} needs {', '.join(lost)}, which this region does not have",
                "choose other channels, or an engine and inputs that deliver them",
            )
        return {name: there[name] for name in needed if name in there}

    @cached_property
    def label_file(self) -> str:
        """The labelled polygons of this region, read once.

        What is wrong with them is reported before any track is made.
        """
        from sarslide.dataset.labels import Reading, read_polygons

        if not self.config.training.labels:
            raise ConfigError("config: training.labels is empty", "name a vector file of labelled landslides")
        path = existing("training.labels", self.config.training.labels)
        keys = ("layer", "class_column", "classes", "confidence_column", "min_confidence")
        read_polygons(path, self.config.grid.region_grid(), Reading(**self.graph.leaves("dataset", *keys)))
        return path

    @property
    def start(self) -> str:
        """What training starts from: `random`, `imagenet`, `coco`, `packaged`, a weights file."""
        return self.config.training.begins_with()

    @property
    def trained(self) -> str:
        """Path of the weights that `train` writes.

        Region, recipe, network, channels, width and start have each their own: no training writes
        over another's weights.
        """
        training = self.config.training
        base = f"{self.paths.results}/training" if training.labels else "results/training"
        if self.start in WITHOUT_FILE:
            width = training.width or registry.get(training.network).width
            start = "" if self.start == "random" else f".{self.start}"
            name, folder = training.network, f"{training.network}.{training.channels}.{width}{start}"
        else:
            name = folder = self.config.segmentation.model if self.start == "packaged" else Path(self.start).stem
        return f"{base}/{training.preset}/{folder}/{name}.safetensors"

    def test_areas(self) -> dict[str, dict[str, Any]]:
        """Grids of the regions whose ground no scene of this region may hold.

        Returns
        -------
        dict of str to dict
            By region.

        Raises
        ------
        ConfigError
            For an unknown region.
        """
        found = {}
        for name in self.config.dataset.exclude:
            try:
                found[name] = load({"region": name}).grid.region_grid().to_dict()
            except ConfigError as error:
                raise ConfigError(f"config: dataset.exclude: {error.problem}", error.cure) from None
        return found

    def never_learnt(self) -> list[str]:
        """Regions of whose scenes no network may learn: test areas, packaged or of this region."""
        packed = [name for name in presets() if load({"region": name}).dataset.test_area]
        return sorted({*packed, *self.config.dataset.exclude})

    def check_training(self) -> None:
        """Refuse to train in a test area, and to write over the weights that training starts from.

        Raises
        ------
        ConfigError
            Where either is asked for.
        """
        region = self.config.region
        if self.config.dataset.test_area:
            larger = [name for name in presets() if region in load({"region": name}).dataset.exclude]
            raise ConfigError(
                f"config: region = {region} is a test area (dataset.test_area): no network is trained in it",
                f"train in {' or '.join(larger)}"
                if larger
                else "train in another region, or set dataset.test_area to false",
            )
        if (
            self.start not in (*WITHOUT_FILE, "packaged")
            and Path(resolve(self.start)).resolve() == Path(self.trained).resolve()
        ):
            raise ConfigError(
                f"config: training.start = {self.start} is the file that this training writes",
                "copy it to another place, and name that",
            )

    def start_file(self, conda: bool = False) -> list[str]:
        """The weights file that training starts from, as a list.

        Parameters
        ----------
        conda : bool, default False
            Whether an environment of the rule brings the packages of the network.

        Returns
        -------
        list of str
            Empty for weights that no file holds.

        Raises
        ------
        WeightsError
            For a file that holds no weights.
        ConfigError
            For keys of the network that are set to what the weights are not.
        PackageError
            Where a package of the network is not installed.
        """
        if self.start in WITHOUT_FILE:
            files, name = [], self.config.training.network
        else:
            packed = self.start == "packaged"
            files = [str(packaged(self.config.segmentation.model)) if packed else resolve(self.start)]
            card = read_card(files[0])
            self._check_start(card)
            name = card.network
        if not conda:
            registry.require_package(name, self.start)
        return files

    def _check_start(self, card: Card) -> None:
        """Refuse keys of the network, as far as they are set, that are not those of the weights."""
        training = self.config.training
        sets = [row.name for row in CHANNEL_SETS.values() if list(row.channels) == card.channels]
        published = registry.get(card.network).width
        weights = {
            "network": [card.network],
            "channels": sets,
            "width": [card.options.get("width", published)],
        }
        asked = {"network": training.network, "channels": training.channels, "width": training.width or published}
        wrong = [key for key in NETWORK_KEYS if key in training.model_fields_set and asked[key] not in weights[key]]
        if wrong:
            kept = {key: weights[key][0] if weights[key] else "a set of its own" for key in wrong}
            raise ConfigError(
                f"config: {', '.join(f'training.{key} = {asked[key]}' for key in wrong)}, but the weights of training.start ="
                f" {self.start} have {', '.join(f'{key} {value}' for key, value in kept.items())}",
                "set training.start to random, or these keys to those of the weights",
            )

    def learnt_from(self) -> str:
        """What the network learns from, in the words of its card."""
        if not self.config.training.labels:
            return SIMULATED + (", and on further scenes" if self.config.training.scenes else "")
        verb = "trained" if self.start in WITHOUT_FILE else "fine-tuned"
        return f"{verb} on labels of {self.config.region}"
