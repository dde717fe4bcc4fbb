"""What the neural network reads, checked while the graph is built: weights and channels."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from sarslide.config import resolve
from sarslide.dataset.features import PICTURE, require_layers, stored_layers
from sarslide.errors import ConfigError, SarslideError
from sarslide.io.hashes import sha256
from sarslide.layers import AVERAGES, LINE_OF_SIGHT, TERRAIN
from sarslide.models import registry
from sarslide.models.card import Card
from sarslide.models.weights import packaged, read_card
from sarslide.workflow.graph import OPTIONAL, Graph
from sarslide.workflow.paths import layer_files
from sarslide.workflow.release_id import optional_inputs

RATES = ("phase_rate_rad_per_yr", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")


class NetworkInputs:
    """Inputs of `segment`, and layers of a training scene, that depend on weights and channels.

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
