"""Where the weights of trained networks lie: what `train` writes, `segment` reads and preflight
looks for.

Pure functions of the configuration; only `readable` and `other_widths` look for files, in the
working folder, in which Snakemake runs.
"""

import json
import shlex
from pathlib import Path

from sarslide.config import Config, load, presets
from sarslide.dataset.features import channel_set
from sarslide.errors import ConfigError
from sarslide.models import registry
from sarslide.models.weights import PACKAGED, packaged, read_card, width_of

# Weights that no file holds: random ones, and those of another data set that the network's library
# brings.
WITHOUT_FILE = ("random", *registry.PRETRAINED)
# Keys that decide which weights there are.
DECISIVE = (
    *(("segmentation", key) for key in ("model", "beside")),
    *(("training", key) for key in ("labels", "preset", "network", "channels", "width", "start")),
)
# What a network learnt from, as a folder. Labels go before simulated scenes.
LABELS, SIMULATED = "labels", "simulated"


def is_packaged(name: str) -> bool:
    """Whether weights of a name come with sarslide.

    Parameters
    ----------
    name : str
        As in `segmentation.model`.

    Returns
    -------
    bool
        True for those of the package.
    """
    return (PACKAGED / f"{name}.safetensors").is_file()


def name_of_paper(config: Config, network: str) -> str:
    """What packaged weights of a network are called that was trained under a paper's recipe.

    Parameters
    ----------
    config : Config
        Configuration of the region, whose recipe it is.
    network : str
        Name of the network.

    Returns
    -------
    str
        Recipe and network, such as `p0_drs_unet`.
    """
    return f"{config.training.preset}_{network}"


def of_paper(config: Config, network: str) -> str:
    """Packaged weights of a network that sarslide trained under a paper's recipe, on its layers.

    They are called after both, `p0_drs_unet`, and stand where a region with this recipe and these
    layers maps with the network and nobody trained it.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    network : str
        Name of the network.

    Returns
    -------
    str
        Their name in the package; empty where there are none, or where labels, other layers or
        another width are asked for.

    Raises
    ------
    WeightsError
        For a packaged file that holds no weights.
    """
    training, name = config.training, name_of_paper(config, network)
    if training.labels or network not in registry.ARCHITECTURES or not is_packaged(name):
        return ""
    card = read_card(packaged(name))
    if training.width is not None and registry.channels_of_width(network, training.width) != width_of(card):
        return ""
    return name if card.channels == list(channel_set(training.channels)) else ""


def networks(config: Config) -> list[str]:
    """The networks that `train` trains.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of str
        The networks of the registry that the region maps with and no package holds, else
        `training.network`; the weights that training starts from where a file holds them.
    """
    start = config.training.begins_with()
    if start not in WITHOUT_FILE:
        return [config.segmentation.model if start == "packaged" else Path(start).stem]
    mapped = (config.segmentation.model, *config.segmentation.beside)
    return [name for name in mapped if name in registry.ARCHITECTURES and not is_packaged(name)] or [
        config.training.network
    ]


def refuse_test_area(config: Config) -> None:
    """Refuse to train in a test area.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Raises
    ------
    ConfigError
        For a test area; its cure names the region whose weights it takes.
    """
    region = config.region
    if config.dataset.test_area:
        larger = [name for name in presets() if region in load({"region": name}).dataset.exclude]
        raise ConfigError(
            f"config: region = {region} is a test area (dataset.test_area): no network is trained in it",
            f"train in {' or '.join(larger)}"
            if larger
            else "train in another region, or set dataset.test_area to false",
        )


def variant(config: Config, network: str) -> str:
    """What tells trainings of one network apart: channels, width and start.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    network : str
        Name of the network.

    Returns
    -------
    str
        `<channels>.<width>`, or with `.<start>`; `tuned` where training starts from a file.
    """
    training, start = config.training, config.training.begins_with()
    if start not in WITHOUT_FILE:
        return "tuned"
    width = registry.channels_of_width(network, training.width)
    return f"{training.channels}.{width}" + ("" if start == "random" else f".{start}")


def source(config: Config) -> str:
    """What `train` learns from, as a folder.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    str
        `labels` or `simulated`.
    """
    return LABELS if config.training.labels else SIMULATED


def folder(config: Config, learnt_from: str, region: str = "") -> str:
    """Folder of all networks that one recipe trained.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    learnt_from : str
        `labels` or `simulated`.
    region : str
        The region of the training; empty: that of the configuration.

    Returns
    -------
    str
        The folder, relative to the working folder.
    """
    return f"results/{region or config.region}/training/{learnt_from}/{config.training.preset}"


def trained(config: Config, network: str, learnt_from: str = "", region: str = "") -> str:
    """Path of the weights that `train` writes for a network.

    Region, labels or simulated scenes, recipe, network, channels, width and start have each their
    own: no training writes over another's weights.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    network : str
        Name of the network.
    learnt_from : str
        `labels` or `simulated`; empty: what the configuration trains from.
    region : str
        The region of the training; empty: that of the configuration.

    Returns
    -------
    str
        The path, relative to the working folder.
    """
    base = folder(config, learnt_from or source(config), region)
    return f"{base}/{network}.{variant(config, network)}/{network}.safetensors"


def readable(config: Config, network: str, region: str = "") -> str:
    """Path of the weights that `segment` reads of a network which was trained for a region.

    Where the configuration names no labels, those that were learnt from labels go before those that
    were learnt from simulated scenes, as far as they are there.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    network : str
        Name of the network.
    region : str
        The region of the training (`segmentation.weights_of`); empty: that of the configuration.

    Returns
    -------
    str
        The path, relative to the working folder; that of simulated scenes where there is none.
    """
    if config.training.labels and not region:
        return trained(config, network, LABELS)
    labelled = trained(config, network, LABELS, region)
    return labelled if Path(labelled).is_file() else trained(config, network, SIMULATED, region)


def command(config: Config, region: str = "") -> str:
    """The command that trains the networks of a configuration.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    region : str
        As in `readable`.

    Returns
    -------
    str
        With the keys in which the configuration differs from that of its region alone.
    """
    name = region or config.region
    before, words = load({"region": name}), [f"sarslide train --preset {name}"]
    for section, key in DECISIVE:
        value = getattr(getattr(config, section), key)
        if value != getattr(getattr(before, section), key):
            text = json.dumps(value) if isinstance(value, tuple) else "null" if value is None else str(value)
            kept = shlex.quote(f"{section}.{key}={text}")
            words.append(f"--width {text}" if key == "width" and value is not None else f"--set {kept}")
    return " ".join(words)


def other_widths(config: Config, network: str, region: str = "") -> list[int]:
    """Widths of which there are weights of a network, with the channels of the configuration.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    network : str
        Name of the network.
    region : str
        As in `readable`.

    Returns
    -------
    list of int
        Channels of the first stage, for `training.width`.
    """
    start = f"{network}.{config.training.channels}."
    found = set()
    for learnt_from in (LABELS, SIMULATED):
        for path in Path(folder(config, learnt_from, region)).glob(f"{start}*/{network}.safetensors"):
            width = path.parent.name.removeprefix(start)
            found |= {int(width)} if width.isdigit() else set()
    return sorted(found)
