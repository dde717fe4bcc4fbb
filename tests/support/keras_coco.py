"""A file as the Keras implementation of Mask R-CNN writes its weights, by that implementation's own
names of layers.
"""

from pathlib import Path

import h5py
import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def layers(width: int = 64, blocks: tuple[int, ...] = (3, 4, 23, 3), classes: int = 81) -> dict[str, dict[str, tuple]]:
    """Shapes of the parts of each layer, kernels as rows, columns, in, out (transposed: out, in)."""
    found: dict[str, dict[str, tuple]] = {}

    def conv(name, size, inside, outside):
        found[name] = {"kernel": (size, size, inside, outside), "bias": (outside,)}

    def norm(name, channels):
        found[name] = {part: (channels,) for part in ("gamma", "beta", "moving_mean", "moving_variance")}

    conv("conv1", 7, 3, width)
    norm("bn_conv1", width)
    inside = width
    for stage, count in enumerate(blocks, 2):
        inner = width * 2 ** (stage - 2)
        for letter in LETTERS[:count]:
            rows = [("2a", 1, inside, inner), ("2b", 3, inner, inner), ("2c", 1, inner, 4 * inner)]
            rows += [("1", 1, inside, 4 * inner)] if letter == "a" else []
            for branch, size, one, other in rows:
                conv(f"res{stage}{letter}_branch{branch}", size, one, other)
                norm(f"bn{stage}{letter}_branch{branch}", other)
            inside = 4 * inner
    top, large = 4 * width, 16 * width
    for level in (2, 3, 4, 5):
        conv(f"fpn_c{level}p{level}", 1, top * 2 ** (level - 2), top)
        conv(f"fpn_p{level}", 3, top, top)
    conv("rpn_conv_shared", 3, top, 2 * top)
    conv("rpn_class_raw", 1, 2 * top, 6)
    conv("rpn_bbox_pred", 1, 2 * top, 12)
    for k, (size, inside) in enumerate([(7, top), (1, large)], 1):
        conv(f"mrcnn_class_conv{k}", size, inside, large)
        norm(f"mrcnn_class_bn{k}", large)
    found["mrcnn_class_logits"] = {"kernel": (large, classes), "bias": (classes,)}
    found["mrcnn_bbox_fc"] = {"kernel": (large, 4 * classes), "bias": (4 * classes,)}
    for k in (1, 2, 3, 4):
        conv(f"mrcnn_mask_conv{k}", 3, top, top)
        norm(f"mrcnn_mask_bn{k}", top)
    conv("mrcnn_mask_deconv", 2, top, top)
    conv("mrcnn_mask", 1, top, classes)
    return found


def write(path: Path, rng: np.random.Generator | None = None, **size) -> dict[str, np.ndarray]:
    """The file; its tensors by `layer/part`. Without `rng` each is one number that takes no room."""
    arrays = {}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.0.8"
        for layer, parts in layers(**size).items():
            group = "rpn_model" if layer.startswith("rpn_") else layer
            for part, shape in parts.items():
                name = f"{group}/{layer}/{part}:0"
                if rng is None:
                    file.create_dataset(name, shape, "f4", chunks=True, fillvalue=0.01)
                    continue
                values = (
                    rng.uniform(0.5, 1.5, shape) if part in ("gamma", "moving_variance") else rng.normal(0, 0.05, shape)
                )
                arrays[f"{layer}/{part}"] = values.astype(np.float32)
                file[name] = arrays[f"{layer}/{part}"]
    return arrays
