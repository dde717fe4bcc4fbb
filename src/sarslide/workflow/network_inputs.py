"""What the neural networks of a region read, checked while the graph is built: weights, channels
and the layers on their grid.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from sarslide.config import Config, reach, resolve
from sarslide.config.loading import preset
from sarslide.dataset.features import PICTURE, channel_set, require_layers, stored_layers
from sarslide.errors import ConfigError, SarslideError, WeightsError
from sarslide.inventory import velocity_threshold
from sarslide.io.hashes import sha256
from sarslide.layers import AVERAGES, LINE_OF_SIGHT, TERRAIN
from sarslide.models import registry
from sarslide.models.card import Card
from sarslide.models.weights import PACKAGED, packaged, read_card
from sarslide.workflow import weights_files
from sarslide.workflow.graph import OPTIONAL, Graph
from sarslide.workflow.paths import layer_files
from sarslide.workflow.release_id import optional_inputs

# Rates that networks read, and the further one that a training scene holds.
RATES = ("phase_rate_rad_per_yr", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
LEARNT_RATES = (*RATES, "phase_rate_std_rad_per_yr")
# In the place of the hash of weights that are still to be trained: the graph is planned without.
UNTRAINED = "not trained yet"
# How a region gets a layer that it lacks.
CURES = {
    **dict.fromkeys(OPTIONAL["optical"], "set optical.products, or retrieve.sentinel2 to true"),
}
OTHER_CURE = "choose other channels, or an engine and a method that deliver them"


class Network:
    """One network of a region: its weights, and the layers that it reads.

    Parameters
    ----------
    config : Config
        The configuration of the region.
    name : str
        As in `segmentation.model` or `segmentation.beside`.
    """

    def __init__(self, config: Config, name: str) -> None:
        self.config, self.name = config, name

    @property
    def own_weights(self) -> list[str]:
        """The configured weights file as a list: empty for packaged and trained weights."""
        segmentation = self.config.segmentation
        return [resolve(segmentation.weights)] if segmentation.weights and self.name == segmentation.model else []

    @cached_property
    def packaged(self) -> str:
        """Name of the packaged weights; empty for those of the user and of `sarslide train`.

        Where the region's network was trained, its weights go before the packaged ones of its
        paper.
        """
        if self.own_weights:
            return ""
        if weights_files.is_packaged(self.name):
            return self.name
        found = weights_files.of_paper(self.config, self.name)
        return "" if found and Path(self._trained_weights()).is_file() else found

    @property
    def is_trained(self) -> bool:
        """Whether `sarslide train` makes the weights."""
        return not self.own_weights and not self.packaged

    @cached_property
    def weights(self) -> str:
        """Path of the weights: of the user, packaged, or as `sarslide train` writes them."""
        if self.own_weights:
            return self.own_weights[0]
        if not self.is_trained:
            return str(packaged(self.packaged))
        if self.name not in registry.ARCHITECTURES:
            there = ", ".join(sorted(path.stem for path in PACKAGED.glob("*.safetensors")))
            raise WeightsError(
                f"no packaged weights '{self.name}', and no network of the registry is called so",
                f"set segmentation.model and segmentation.beside to {there}, or to one of {', '.join(registry.names())}",
            )
        return self._trained_weights()

    def _trained_weights(self) -> str:
        return weights_files.readable(self.config, self.name, self._trained_region())

    def _trained_region(self) -> str:
        """The region of the training; empty for this one."""
        region = self.config.segmentation.weights_of
        try:
            return region if region and preset(region) is not None else ""
        except ConfigError as error:
            raise ConfigError(f"config: segmentation.weights_of: {error.problem}", error.cure) from None

    @property
    def is_there(self) -> bool:
        """Whether there are weights: False for those that are still to be trained."""
        return not self.is_trained or Path(self.weights).is_file()

    @cached_property
    def weights_record(self) -> dict[str, str]:
        """Name and hash of the weights' file."""
        return {"file": Path(self.weights).name, "sha256": sha256(self.weights) if self.is_there else UNTRAINED}

    @property
    def parameter(self) -> dict[str, str] | None:
        """Name, path and hash of weights that are no input of a rule; None for those of the user.

        The path of packaged ones is that of the installation: it decides nothing.
        """
        if self.own_weights:
            return None
        path = self.weights if self.is_trained else ""
        return {"name": self.packaged or self.name, "path": path, "sha256": self.weights_record["sha256"]}

    @cached_property
    def card(self) -> Card | None:
        """The card of the weights; None for those that are still to be trained."""
        return read_card(self.weights) if self.is_there else None

    @property
    def channels(self) -> list[str]:
        """What the network reads: as its card states, or as it is to be trained."""
        return self.card.channels if self.card else list(channel_set(self.config.training.channels))

    @property
    def kind(self) -> str:
        """`semantic` or `instance`."""
        try:
            return registry.kind(self.card.network if self.card else self.name)
        except SarslideError:
            return registry.SEMANTIC  # the job that reads the weights reports what is wrong with them

    @property
    def stored(self) -> list[str]:
        """The stored layers that the channels need."""
        return stored_layers(self.channels)

    @property
    def needed_by(self) -> str:
        """What asks for the layers, for messages."""
        return f"training.channels = {self.config.training.channels} of network {self.name}"


class VelocityThreshold(Network):
    """A threshold on the velocity in the place of a network: it has no weights."""

    is_trained, packaged, weights = False, "", ""
    parameter, card = None, None

    @property
    def weights_record(self) -> dict[str, str]:
        """Of no file."""
        return {"file": "", "sha256": ""}

    @property
    def channels(self) -> list[str]:
        """The layers that it reads."""
        return list(velocity_threshold.LAYERS)

    @property
    def kind(self) -> str:
        """None of those of networks."""
        return self.name

    @property
    def needed_by(self) -> str:
        """What asks for the layers, for messages."""
        return f"the map of {self.name}"


def networks_of(config: Config) -> dict[str, Network]:
    """The networks of a region, the velocity threshold among them where it maps.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    dict of str to Network
        By name, that of the inventory first. Beside packaged weights of a paper's own network
        those that its paper compares with are left out as long as nobody trained them: the region
        needs no training.
    """
    kinds = {reach.THRESHOLD: VelocityThreshold}
    main, *beside = (kinds.get(name, Network)(config, name) for name in config.segmentation.maps)
    try:
        of_paper = main.packaged not in ("", main.name)
    except SarslideError:
        of_paper = False  # the job that reads the weights reports what is wrong with them
    left = [network for network in beside if network.is_there or not of_paper]
    return {network.name: network for network in (main, *left)}


class NetworkInputs:
    """The networks of a region, and the layers that they and training scenes read.

    Parameters
    ----------
    graph : Graph
        The graph of the region.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.config, self.paths = graph, graph.config, graph.paths
        self.networks = networks_of(self.config)
        self.names = tuple(self.networks)

    @property
    def main(self) -> Network:
        """The network of the inventory."""
        return self.networks[self.config.segmentation.mapped_by]

    def of_kind(self, kind: str) -> list[str]:
        """The networks of a kind.

        Parameters
        ----------
        kind : str
            `semantic` or `instance`.

        Returns
        -------
        list of str
            Names.
        """
        return [name for name, network in self.networks.items() if network.kind == kind]

    @property
    def instances(self) -> dict[str, str]:
        """Path pattern of the raster of single objects of the inventory's network, by its layer.

        Empty for a network that finds none.
        """
        single = self.main.kind == registry.INSTANCE
        return {"instances": f"{self.paths.segment}/instances.tif"} if single else {}

    def track_layers(self) -> dict[str, str]:
        """Path patterns of the layers that a training scene holds of a track, by layer."""
        return self._measured(LEARNT_RATES, self.config.segmentation.window)

    def inventory_layers(self, names: Iterable[str]) -> dict[str, str]:
        """Layers of all dates, on the grid of the probability.

        Parameters
        ----------
        names : iterable of str
            Registered layers.

        Returns
        -------
        dict of str to str
            Path pattern by layer; those that the rate method does not make are left out.
        """
        there = self._measured(LEARNT_RATES)
        return {name: there[name] for name in names if name in there}

    def _measured(self, rates: Iterable[str], window: str = "") -> dict[str, str]:
        """Path patterns of what a track measures, and of the terrain, on the networks' grid."""
        paths, finer = self.paths, self.graph.finer_networks
        window = window if self.graph.method.has_rates else ""
        amplitude = ["mean_amplitude_db"] if self.graph.engine.amplitude else []
        made = [layer for layer in rates if window or layer in self.graph.rate_layers]
        # Pairs, as the method averaging leaves its layers in the folder of the averages.
        folders = (
            (paths.window(window) if window else paths.rates, made),
            (f"{paths.stack}/averaging", AVERAGES if self.graph.engine.pairs else ()),
            (f"{paths.stack}/amplitude", amplitude),
            (f"{paths.stack}/geometry", [*LINE_OF_SIGHT, "layover_shadow"]),
        )
        terrain = paths.product_ground("terrain") if finer else paths.terrain
        found: dict[str, str] = {}
        for folder, layers in folders:
            found |= layer_files(paths.resampled if finer else folder, layers)
        return found | layer_files(terrain, TERRAIN)

    @property
    def picture(self) -> dict[str, str]:
        """Path pattern of the fused picture of phase and intensity, by its layer.

        Empty where the engine sees no intensity.
        """
        folder = self.paths.resampled if self.graph.finer_networks else f"{self.paths.stack}/averaging"
        return {PICTURE: f"{folder}/{PICTURE}.tif"} if self.graph.engine.amplitude else {}

    def optional_layers(self) -> dict[str, str]:
        """Path patterns of the optional inputs on the networks' grid, by layer.

        Lithology is one of them in every region: no archive has it, and what misses is the file of
        the user, which preflight asks for.
        """
        there = [name for name in OPTIONAL if name == "lithology" or self.graph.optional[name]]
        found: dict[str, str] = {}
        for name in there:
            folder = self.paths.product_ground(name) if self.graph.finer_networks else self.paths.ground(name)
            found |= layer_files(folder, OPTIONAL[name])
        return found

    def inputs_of(self, name: str) -> dict[str, str]:
        """The layers that `segment` reads for a network.

        Parameters
        ----------
        name : str
            Name of the network.

        Returns
        -------
        dict of str to str
            Path pattern by layer.

        Raises
        ------
        ConfigError, WeightsError
            For weights that cannot be read or whose channels the region does not have, for another
            recipe of the fusion than networks learn from.
        """
        network = self.networks[name]
        there = self._measured(RATES, self.config.segmentation.window) | self.optional_layers() | self.picture
        self._check_fusion(network)
        self._check_products(network)
        if network.card:
            require_layers(network.channels, there, network.weights)
        self._require(network.stored, there, network.needed_by)
        return {layer: there[layer] for layer in network.stored}

    def _check_fusion(self, network: Network) -> None:
        if PICTURE in network.stored and self.config.rates.fusion != "hsv":
            raise ConfigError(
                f"config: rates.fusion = {self.config.rates.fusion}, but network {network.name} reads hsv",
                "set it to hsv",
            )

    def _check_products(self, network: Network) -> None:
        """ConfigError for channels that a displacement product lacks, and that nobody states."""
        for stack, layers in self.graph.scenes.lacking.items():
            if missing := [layer for layer in network.stored if layer in layers]:
                raise ConfigError(
                    f"config: network {network.name} reads {', '.join(missing)}, which the product of {stack} has not",
                    f"set segmentation.method: {reach.THRESHOLD}, or state displacement.products.{stack}.coherence",
                )

    def _require(self, needed: Iterable[str], there: Iterable[str], what: str) -> None:
        """ConfigError for layers that the region does not have, with what would bring them."""
        missing = [name for name in needed if name not in there]
        if missing:
            cures = dict.fromkeys(CURES.get(name, OTHER_CURE) for name in missing)
            raise ConfigError(
                f"config: {what} needs {', '.join(missing)}, which this region does not have", "; ".join(cures)
            )

    def optional_rules(self) -> list[str]:
        """Rules of the inputs that only some networks read, of the network of the inventory.

        Their code is part of a release's name where they are read.
        """
        named, read = optional_inputs(self.config), self.main.stored
        rules = [
            f"simulate_{name}" if self.graph.simulated and not named[name] else name
            for name, layers in OPTIONAL.items()
            if set(layers) & set(read)
        ]
        return [*(["fuse_phase"] if PICTURE in read else []), *rules]

    def extra_layers(self, channels: Iterable[str], key: str) -> dict[str, str]:
        """Optional inputs that channels of a training scene read.

        Parameters
        ----------
        channels : iterable of str
            Names of channels.
        key : str
            The key that requests them, for the message.

        Returns
        -------
        dict of str to str
            Path pattern by layer; the fused picture is none of them, scenes make it themselves.

        Raises
        ------
        ConfigError
            Where the region has no such layer.
        """
        there, needed = self.optional_layers(), stored_layers(channels)
        self._require(needed, (*self.track_layers(), *there, *self.picture), key)
        return {name: there[name] for name in needed if name in there}
