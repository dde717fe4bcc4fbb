"""Hostile and broken weights files and checkpoints."""

import json
import os
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from sarslide.models import networks, weights
from sarslide.training import checkpoint
from tests.hostile.changed import changed
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe
from tests.support.cards import card_entries, trained_on

LINES = {"knots": [-1.0, 1.0], "values": [-0.5, 0.5], "end_slopes": [1.0, 1.0]}
SCALING = {"method": "robust", "centre": [0.0, 25.0], "scale": [5.0, 10.0]}
CARDS: dict[str, dict[str, Any]] = {
    "calibration NaN": {"calibration": LINES | {"values": [-0.5, float("nan")]}},
    "calibration that falls": {"calibration": LINES | {"values": [0.5, -0.5]}},
    "calibration of 1e308": {"calibration": LINES | {"values": [-1e308, 1e308]}},
    "calibration of a million knots": {"calibration": LINES | {"knots": list(range(1_000_000))}},
    "calibration without slopes": {"calibration": LINES | {"end_slopes": []}},
    "calibration that is text": {"calibration": "none"},
    "threshold 7": {"threshold": 7},
    "threshold of text": {"threshold": "0.5"},
    "threshold true": {"threshold": True},
    "one scale for two channels": {"normalisation": {"method": "robust", "centre": [0.0], "scale": [1.0]}},
    "unknown method": {"normalisation": SCALING | {"method": "magic"}},
    "scale 0": {"normalisation": SCALING | {"scale": [5.0, 0.0]}},
    "scale inf": {"normalisation": SCALING | {"scale": [5.0, float("inf")]}},
    "unknown option": {"options": {"colour": "red"}},
    "width 1e6": {"options": {"width": 1_000_000}},
    "width of text": {"options": {"width": "4"}},
    "width of another file": {"options": {"width": 256}},
    "tile -128": {"tile": -128},
    "tile 1e9": {"tile": 10**9},
    "tile 50": {"tile": 50},
    "unknown network": {"network": "../unet"},
    "no channel": {"channels": []},
    "100,000 channels": {"channels": ["slope_deg"] * 100_000},
    "unknown channel": {"channels": ["los_rate_mm_per_yr", "/etc/passwd"]},
    "a label of lines": {"label": "a\nb"},
    "a label of 1 MB": {"label": "a" * 2**20},
    "speeds NaN": {"trained_on": trained_on(landslides=float("nan"))},
    "no sizes": {"trained_on": trained_on(sizes=[])},
    "a hash that is none": {"sha256": "0"},
    "another hash": {"sha256": "0" * 64},
    "another format": {"format": "sarslide-weights-9"},
    "an unknown entry": {"calibraton": LINES},
}
ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HEADERS: dict[str, Any] = {
    "a list": [],
    "a number": 7,
    "metadata that is a list": {"__metadata__": []},
    "metadata of numbers": {"__metadata__": {"card": 7}},
    "a tensor that is text": {"a": "b"},
    "a tensor of 4 TB": {"a": ENTRY | {"shape": [2**20, 2**20], "data_offsets": [0, 2**42]}},
    "a shape that overflows": {"a": ENTRY | {"shape": [2**31, 2**31, 2**31, 2**31]}},
    "a negative shape": {"a": ENTRY | {"shape": [-2]}},
    "a shape of text": {"a": ENTRY | {"shape": ["2"]}},
    "a shape of 1,000 sides": {"a": ENTRY | {"shape": [1] * 1000}},
    "offsets backwards": {"a": ENTRY | {"data_offsets": [8, 0]}},
    "offsets that overlap": {"a": ENTRY, "b": ENTRY},
    "a hole between tensors": {"a": ENTRY, "b": ENTRY | {"data_offsets": [16, 24]}},
    "an unknown dtype": {"a": ENTRY | {"dtype": "F8"}},
    "100,000 tensors": {f"t{k}": ENTRY | {"shape": [0], "data_offsets": [0, 0]} for k in range(100_000)},
}


def _file(head: object, body: bytes = b"", length: int | None = None) -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


class Command:
    """What a pickle can do to whoever trusts it."""

    def __reduce__(self):
        return os.mkdir, ("trap",)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and reader of each file."""
    torch.manual_seed(2)
    network, right = networks.build("drs_unet", 2, width=4), folder / "right.safetensors"
    weights.save(right, network, card_entries())
    content = right.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    count = 0

    def reader(data: bytes, read: Callable[[Path], object] = networks.load) -> Callable[[], object]:
        nonlocal count
        count += 1
        path = folder / f"{count}.safetensors"
        path.write_bytes(data)
        return partial(read, path)

    for name, change in CARDS.items():
        card = {"format": "sarslide-weights-1", **card_entries(**change)}
        yield name, reader(_file(header | {"__metadata__": {"card": json.dumps(card)}}, body))
    for name, head in HEADERS.items():
        yield f"header: {name}", reader(_file(head, bytes(8)))
    yield "header of 2**63 bytes", reader(_file({}, body, 2**63))
    yield "header longer than the file", reader(_file({}, body, 2**20))
    yield "header nested 100,000 deep", reader(_file(b"[" * 100_000))
    yield "card nested 100,000 deep", reader(_file({"__metadata__": {"card": "[" * 100_000}}))
    yield "header in UTF-16", reader(_file("{}".encode("utf-16")))
    yield "empty", reader(b"")
    yield "eight bytes", reader(bytes(8))
    yield "a pickle", reader(pickle.dumps(Command()))
    yield "a pipe", partial(networks.load, pipe(folder / "pipe"))
    yield "a device", partial(networks.load, Path("/dev/zero"))
    yield "a folder", partial(networks.load, folder)
    yield "an address", partial(networks.load, "https://localhost/w.safetensors")
    yield "a name of GDAL", partial(networks.load, "/vsicurl/w.safetensors")
    yield "nothing", partial(networks.load, folder / "nothing.safetensors")
    for name, data in damaged(content, 28, 6, 8 + length):
        yield f"weights: {name}{'?' if data == content else ''}", reader(data)
    for name, text in changed(json.dumps(header, indent=1), 24, 7):
        # White space and the order of entries mean nothing.
        yield f"header: {name}?", reader(_file(text, body), partial(_same_or_refused, network))
    yield from _checkpoints(reader)


def _checkpoints(reader: Callable) -> Iterator[tuple[str, Callable[[], object]]]:
    read = partial(checkpoint.read, made_by="x")
    entry = {"w": ENTRY}
    states = {
        "no state": {},
        "a state that is a list": {"state": "[]"},
        "a state nested 100,000 deep": {"state": "[" * 100_000},
        "a tensor that is not there": {"state": json.dumps({"identity": "x", "model": {"tensor": "v"}})},
    }
    for name, metadata in states.items():
        yield f"checkpoint: {name}", reader(_file(entry | {"__metadata__": metadata}, bytes(8)), read)
    for name in ("a tensor of 4 TB", "offsets backwards", "an unknown dtype"):
        yield f"checkpoint: {name}", reader(_file(HEADERS[name], bytes(8)), read)
    yield "checkpoint: a pickle", reader(pickle.dumps({"identity": "x", "state": Command()}), read)
    yield "checkpoint: empty", reader(b"", read)


def _same_or_refused(network: torch.nn.Module, path: Path) -> None:
    """A file that is read holds what was written."""
    found, card = networks.load(path)
    assert card.model_dump(exclude={"sha256"}, exclude_unset=True) == {"format": "sarslide-weights-1", **card_entries()}
    for name, tensor in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name
