"""What a neural network learns from, checked while the graph is built.

Channels, labels, test areas and weights to start from.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from sarslide.config import Config, existing, load, presets, reach, resolve
from sarslide.config.learning import NETWORK_KEYS
from sarslide.dataset.features import CHANNEL_SETS, channel_set
from sarslide.errors import ConfigError
from sarslide.models import registry
from sarslide.models.card import Card
from sarslide.models.weights import SIMULATED, packaged, read_card, width_of
from sarslide.workflow import weights_files
from sarslide.workflow.graph import Graph
from sarslide.workflow.weights_files import WITHOUT_FILE


def simulated_chain(config: Config) -> dict[str, Any]:
    """What a region makes of its pairs, as far as simulated scenes follow it.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    dict of str to Any
        For `sarsim.paper_scene.Chain.of`.
    """
    finer = config.grid.product_m if config.segmentation.grid == "product" else None
    leaves: dict[str, Any] = {}
    for name in ("network.preset", "network.max_days", "network.neighbours", *reach.CHAIN):
        section, _, key = name.partition(".")
        leaves.setdefault(section, {})[key] = reach.value_of(config, name)
    return {"cell_m": config.grid.cell_m, "product_m": finer, "method": config.rates.method} | leaves


class TrainingInputs:
    """Inputs of `label_scene` and `train` that depend on channels, labels and the start.

    Parameters
    ----------
    graph : Graph
        The graph of the region.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.config, self.paths = graph, graph.config, graph.paths

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
    def pretrained(self) -> str:
        """The data set whose weights training starts from (`registry.PRETRAINED`), or nothing."""
        return self.start if self.start in registry.PRETRAINED else ""

    def bring_start(self) -> None:
        """Have the weights of another data set at hand that training starts from.

        Raises
        ------
        WeightsError
            Where they can be neither found nor downloaded.
        PackageError
            Where torchvision is not installed.
        """
        if self.pretrained:
            from sarslide.models.pretrained import bring

            bring(self.networks, self.pretrained)

    @property
    def tests(self) -> bool:
        """Whether a part of the labels is kept for a test."""
        return bool(self.config.training.labels) and len(self.config.dataset.fractions) > 2

    @property
    def networks(self) -> list[str]:
        """The networks that `train` trains."""
        return weights_files.networks(self.config)

    @property
    def trained(self) -> list[str]:
        """Paths of the weights that `train` writes, one a network."""
        return [weights_files.trained(self.config, name) for name in self.networks]

    @property
    def folder(self) -> str:
        """Folder with a folder of each of them."""
        return weights_files.folder(self.config, weights_files.source(self.config))

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
        weights_files.refuse_test_area(self.config)
        written = [Path(path).resolve() for path in self.trained]
        if self.start not in (*WITHOUT_FILE, "packaged") and Path(resolve(self.start)).resolve() in written:
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
        weights: dict[str, list[Any]] = {
            "network": [card.network],
            "channels": sets,
            "width": [width_of(card)],
        }
        width = registry.channels_of_width(card.network, training.width)
        asked = {"network": training.network, "channels": training.channels, "width": width}
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
