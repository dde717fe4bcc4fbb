"""Weights files: safetensors whose metadata carries the model card.

So a file explains and protects itself: its header is bounded and compared with the file's bytes
before anything is allocated, its card is typed (`models.card`). A file is refused before any work
when it was made for other channels or another network.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from sarslide.errors import SarslideError, WeightsError
from sarslide.io import bounded
from sarslide.models import registry
from sarslide.models.card import Card, Part

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT_VERSION = 1
PACKAGED = Path(__file__).parent / "weights"
SIMULATED = "trained on simulation"
MAX_BYTES = 2 << 30  # the largest network of the registry has 0.6 GB
MAX_HEADER = 16 << 20
MAX_TENSORS = 20_000
BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F16": 2, "BF16": 2, "I32": 4, "F32": 4, "I64": 8, "F64": 8}
GIVE = "give a weights file, or none for the packaged one"
AGAIN = "restore the file or train again"
TRAIN = "use a file written by `sarslide train`"

Size = Annotated[int, Field(ge=0, le=MAX_BYTES)]


class TensorEntry(Part):
    """What the header of a safetensors file holds of one tensor.

    Attributes
    ----------
    dtype : str
        Its type, a key of `BYTES`.
    shape : list of int
        Its shape.
    data_offsets : list of int
        First byte and the one after its last, after the header.
    """

    dtype: Literal["BOOL", "U8", "I8", "F16", "BF16", "I32", "F32", "I64", "F64"]
    shape: list[Size] = Field(max_length=8)
    data_offsets: list[Size] = Field(min_length=2, max_length=2)


class Header(Part):
    """The header of a safetensors file.

    Attributes
    ----------
    metadata : dict of str to str
        Texts beside the tensors.
    tensors : dict of str to TensorEntry
        Tensors by name.
    """

    metadata: dict[str, str]
    tensors: dict[str, TensorEntry] = Field(max_length=MAX_TENSORS)


def packaged(name: str) -> Path:
    """The path of a weights file that comes with sarslide.

    Parameters
    ----------
    name : str
        Of the file, without its suffix.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WeightsError
        For an unknown name; lists the ones there are.
    """
    path = PACKAGED / f"{name}.safetensors"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in PACKAGED.glob("*.safetensors"))) or "none"
        raise WeightsError(f"no packaged weights '{name}'", f"use one of: {there}, or give a weights file")
    return path


def of_job(network: Mapping[str, str]) -> Path:
    """The path of weights that are no input of a job: packaged, or written by `sarslide train`.

    Parameters
    ----------
    network : mapping of str to str
        `name`, and `path` of trained weights, empty for packaged ones.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WeightsError
        For packaged weights that there are not.
    """
    return Path(network["path"]) if network["path"] else packaged(network["name"])


def save(path: str | Path, network: "nn.Module", card: Mapping[str, Any], half: bool = False) -> None:
    """Write a network's tensors and its card under a temporary name, then rename.

    Parameters
    ----------
    path : str or Path
        Weights file (.safetensors).
    network : nn.Module
        The network.
    card : mapping of str to Any
        Entries of its `Card`; `format` is filled in.
    half : bool
        As float16, half the bytes, what float16 can hold; `networks.load` makes float32 of it.

    Raises
    ------
    WeightsError
        Where the card lacks an entry, or one does not fit.
    """
    from safetensors.torch import save as to_bytes

    from sarslide.io.atomic import atomic_file

    checked = bounded.typed(Card, dict(card), path, WeightsError, "fill in the card")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    if half:
        tensors = {name: as_half(tensor) for name, tensor in tensors.items()}
    text = _sealed(checked, _body(to_bytes(tensors)))
    with atomic_file(path, read_header) as temporary:
        # One metadata entry: safetensors does not keep the order of several, and the same weights
        # shall be the same bytes.
        temporary.write_bytes(to_bytes(tensors, metadata={"card": text}))


def as_half(tensor: "Tensor") -> "Tensor":
    """A tensor as `save` writes it where half the bytes are asked for.

    Parameters
    ----------
    tensor : torch.Tensor
        Any.

    Returns
    -------
    torch.Tensor
        float16; the tensor itself where it holds whole numbers, or values beyond 65504 (a variance
        may).
    """
    if not tensor.is_floating_point():
        return tensor
    found = tensor.half()
    return found if bool(found.isfinite().all()) else tensor


def seal(card: Card, tensors: bytes | memoryview) -> str:
    """The hash by which any later change of a card or of its tensors shows.

    Parameters
    ----------
    card : Card
        The card.
    tensors : bytes
        All bytes of the file after its header.

    Returns
    -------
    str
        SHA-256.
    """
    entries = json.dumps(_entries(card), sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(entries).digest() + hashlib.sha256(tensors).digest()).hexdigest()


def check_seal(path: str | Path, card: Card) -> None:
    """See that card and tensors are as they were written.

    Parameters
    ----------
    path : str or Path
        Weights file.
    card : Card
        Its card; one without a hash is taken as it is.

    Raises
    ------
    WeightsError
        Where they are not.
    """
    if card.sha256 and card.sha256 != seal(card, _body(bounded.content(path, WeightsError, MAX_BYTES))):
        raise WeightsError(f"{path}: card or tensors are not as they were written", AGAIN)


def _sealed(card: Card, tensors: bytes | memoryview) -> str:
    return json.dumps(_entries(card) | {"sha256": seal(card, tensors)}, sort_keys=True)


def _entries(card: Card) -> dict[str, Any]:
    return {"format": card.format, **card.model_dump(exclude_unset=True, exclude={"sha256"})}


def _body(content: bytes) -> memoryview:
    return memoryview(content)[8 + int.from_bytes(content[:8], "little") :]


def read_header(path: str | Path, error: type[SarslideError] = WeightsError, cure: str = AGAIN) -> Header:
    """The header of a safetensors file, compared with the bytes of the file.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    Header
        Texts and shapes; no tensor is read.

    Raises
    ------
    SarslideError
        Of class `error`, for a file that is no plain file, or whose header is too large, no JSON,
        or contradicts the file.
    """
    path = bounded.plain_file(path, error, GIVE if error is WeightsError else cure)
    total, text = _head(path, error, cure)
    found = bounded.parsed_json(text, path, error, cure)
    if not isinstance(found, dict):
        raise error(f"{path}: is no safetensors file", cure)
    parts = {"metadata": found.pop("__metadata__", {}), "tensors": found}
    header = bounded.typed(Header, parts, path, error, cure)
    end = 0
    for name, entry in sorted(header.tensors.items(), key=lambda item: item[1].data_offsets):
        first, last = entry.data_offsets
        if first != end or last - first != math.prod(entry.shape) * BYTES[entry.dtype]:
            raise error(f"{path}: bytes {first} to {last} are no tensor {bounded.shown(name)}", cure)
        end = last
    if total != 8 + len(text) + end:
        raise error(f"{path}: has {total} bytes, its header says {8 + len(text) + end}", cure)
    return header


def _head(path: Path, error: type[SarslideError], cure: str) -> tuple[int, bytes]:
    """Bytes of the file, and the text of its header."""
    try:
        total = path.stat().st_size
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if total > MAX_BYTES or not 2 <= length <= min(MAX_HEADER, total - 8):
                raise error(f"{path}: is no safetensors file of at most {MAX_BYTES >> 30} GiB", cure)
            return total, stream.read(length)
    except OSError as failure:
        raise error(f"{path}: cannot be read ({failure.strerror})", cure) from None


def read_card(path: str | Path) -> Card:
    """The model card alone, without reading tensors or importing torch.

    Parameters
    ----------
    path : str or Path
        Weights file.

    Returns
    -------
    Card
        The card, checked.

    Raises
    ------
    WeightsError
        For a file that does not exist, cannot be read, or has no card of this format.
    """
    metadata = read_header(path).metadata
    if "card" not in metadata:
        raise WeightsError(f"{path}: has no model card", TRAIN)
    card = bounded.parsed_json(metadata["card"], f"{path}: its model card", WeightsError, TRAIN)
    if not isinstance(card, dict) or "format" not in card:
        raise WeightsError(f"{path}: model card of another format", TRAIN)
    return bounded.typed(Card, card, f"{path}: model card", WeightsError, TRAIN)


def width_of(card: Card) -> int:
    """Channels of the first stage of a network.

    Parameters
    ----------
    card : Card
        Its card.

    Returns
    -------
    int
        As its options have it, else as published.
    """
    return int(card.options.get("width", registry.get(card.network).width))


def check(
    path: str | Path,
    channels: Sequence[str] | None = None,
    network: str | None = None,
    width: int | None = None,
    paper: str | None = None,
) -> Card:
    """The card of a file that was made for these channels, this network and this paper.

    Parameters
    ----------
    path : str or Path
        Weights file.
    channels : sequence of str or None
        Channels in their order; None: any.
    network : str or None
        Name of the network; None: any.
    width : int or None
        Channels of its first stage; None: any.
    paper : str or None
        Paper whose recipe it was trained under, such as P0; None, or a card that names none: any.

    Returns
    -------
    Card
        The card.

    Raises
    ------
    WeightsError
        As `read_card`, and for other channels, another network, width or paper.
    """
    card = read_card(path)
    if paper is not None and card.training.get("paper", paper) != paper:
        raise WeightsError(
            f"{path}: weights trained under the recipe of {bounded.shown(card.training['paper'])}, not of {paper}",
            "give weights of that paper's preset",
        )
    if network is not None and card.network != network:
        raise WeightsError(
            f"{path}: weights of network '{card.network}', not '{network}'", "give weights of that network"
        )
    found = width_of(card)
    if width is not None and found != width:
        raise WeightsError(
            f"{path}: weights of width {found}, not {width}", f"set training.width to {found}, or train at {width}"
        )
    if channels is not None and card.channels != list(channels):
        raise WeightsError(
            f"{path}: weights for channels {', '.join(card.channels)}, not {', '.join(channels)}",
            "set the channels to those of the weights, or train for these",
        )
    return card
