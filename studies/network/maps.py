"""Probability maps of regions, and the weights that make them."""

from pathlib import Path

import numpy as np

from sarslide.dataset.features import feature_array
from sarslide.io.arrays import write_npz
from sarslide.models import networks, weights
from sarslide.segment.infer import predict
from studies.ground import making
from studies.ground.cutting import GroundRegion
from studies.network import training

NETWORK, BEFORE = "network", "before"
PACKAGED, BEFORE_WEIGHTS = "drs_unet_ranges", "drs_unet_compact"


def weights_of(folder: Path, region: GroundRegion, method: str) -> Path:
    """The network that has not seen the range of a region, or that of before."""
    if method == BEFORE:
        return weights.packaged(BEFORE_WEIGHTS)
    return training.fold_path(folder, region.file.mountains)


def make(folder: Path, region: GroundRegion, method: str) -> None:
    """Write the maps of both tracks, where they are missing."""
    path = _path(folder, region, method)
    if path.is_file():
        return
    network, card = networks.load(weights_of(folder, region, method))
    layers = layers_of(folder, region)
    write_npz(
        path,
        {
            orbit_pass: predict(network, feature_array(card.channels, held.__getitem__), card)
            for orbit_pass, held in layers.items()
        },
    )


def read(folder: Path, region: GroundRegion, method: str) -> dict[str, np.ndarray]:
    """Pass -> map."""
    with np.load(_path(folder, region, method)) as file:
        return dict(file)


def layers_of(folder: Path, region: GroundRegion) -> dict[str, dict[str, np.ndarray]]:
    """Pass -> layers of the scene by name."""
    return {orbit_pass: making.layers_of(folder, region, orbit_pass) for orbit_pass in making.PASSES}


def _path(folder: Path, region: GroundRegion, method: str) -> Path:
    return folder / "maps" / f"{region.name}.{method}.npz"
