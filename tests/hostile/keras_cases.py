"""Hostile and broken files of Keras's COCO weights."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import h5py
import numpy as np

from sarslide.models import matterport, networks
from sarslide.models.mask_rcnn import BLOCKS, PREDICTORS
from tests.hostile.damaged_hdf5 import hdf5_cases
from tests.support import keras_coco

KERNEL = "conv1/conv1/kernel:0"
FEW = (1, 1, 1, 1)
ABSENT = r"\.attention\."


def _instead(**how) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **how)

    return change


def _link(link) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file["bn_conv1"]
        file["bn_conv1"] = link

    return change


def _virtual(file: h5py.File) -> None:
    shape = file[KERNEL].shape
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", shape=shape)
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def _circle(file: h5py.File) -> None:
    file["conv1/again"] = file["/"]


def _many(file: h5py.File) -> None:
    for k in range(2100):
        file.create_group(f"layer{k}")


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "a kernel of nan": lambda file: file[KERNEL].__setitem__(0, np.nan),
    "a kernel of text": _instead(data=np.full((7, 7), b"x")),
    "a kernel of whole numbers": _instead(data=np.ones((7, 7, 3, 2), "i4")),
    "a kernel that claims 4 TB": _instead(shape=(1_000_000, 1_000_000), dtype="f4", chunks=(1000, 1000)),
    "a kernel in chunks of 4 GB": _instead(shape=(7, 7), maxshape=(None, None), dtype="f4", chunks=(30_000, 30_000)),
    "a kernel without cells": _instead(shape=(0,), dtype="f4"),
    "a kernel without a shape": _instead(data=h5py.Empty("f4")),
    "a kernel that is one number": _instead(data=np.float32(1)),
    "a kernel in the bytes of another file": _instead(shape=(7, 7), dtype="f4", external=[("/etc/passwd", 0, 196)]),
    "a kernel that is virtual": _virtual,
    "a kernel that is a group": lambda file: (file.pop(KERNEL), file.create_group(KERNEL)),
    "a layer in another file": _link(h5py.ExternalLink("/tmp/other.h5", "x")),
    "a layer by a soft link": _link(h5py.SoftLink("/conv1")),
    "a layer within itself": _circle,
    "a layer too many": _many,
    "no layers": lambda file: [file.pop(name) for name in list(file)],
    "layers of another network": lambda file: file.move("fpn_p2/fpn_p2", "fpn_p2/another"),
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    good = folder / "good.h5"
    keras_coco.write(good, np.random.default_rng(1), width=2, blocks=FEW, classes=3)

    with mock.patch.dict(BLOCKS, {50: FEW}):
        network = networks.build("mask_rcnn", 3, width=2, depth=50, keras=True)

    def read(path: Path) -> object:
        return matterport.load(network.rcnn, str(path), FEW, 3, PREDICTORS, ABSENT)

    def copied(title: str) -> Path:
        return Path(shutil.copy(good, folder / f"{title.replace(' ', '_')}.h5"))

    yield from hdf5_cases(good, copied, CHANGES, read, b"no weights", 31)
