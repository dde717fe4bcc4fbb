"""Readers of text, JSON, XML and CSV from elsewhere: whatever a file holds, they end soon, in
little memory, with its content or one coded line that names it.

A path must name a plain file: no address, no GDAL name (`/vsi...`), no folder, pipe or device.
"""

import csv
import io
import json as json_format
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sarslide.errors import SarslideError, shorten, without_secrets

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from pydantic import BaseModel

FORMAT_VERSION = 1
Coded = type[SarslideError]
Model = TypeVar("Model", bound="BaseModel")
MAX_BYTES = 64 << 20  # the largest text of those read: annotations are 2 MB, orbits 4 MB
MAX_DEPTH = 64
MAX_ELEMENTS = 1_000_000  # of XML: an annotation has 50,000, a day's orbit 100,000
MAX_FIELD = 1 << 20
MAX_SHOWN, MAX_PATH = 80, 300  # characters of a value and of a path in a message
GIVE = "give the path of a file"
AGAIN = "restore the file, or make it again"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|/vsi|.*[\n\r\0]", flags=re.DOTALL)


def shown(value: object, limit: int = MAX_SHOWN) -> str:
    """A value from elsewhere as a message shows it: on one line, printable, short, without a login.

    Parameters
    ----------
    value : object
        The value.
    limit : int
        Characters that are kept.

    Returns
    -------
    str
        At most `limit` characters.
    """
    text = without_secrets(str(value)[: 10 * MAX_PATH])[: limit + 1]
    return shorten("".join(char if char.isprintable() else " " for char in text), limit)


def plain_file(path: str | Path, error: Coded, cure: str = GIVE) -> Path:
    """The path of a plain file on a disk.

    Parameters
    ----------
    path : str or Path
        What should be one.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    SarslideError
        Of class `error`, for an address, a name of GDAL's virtual file systems, and what is
        missing, a folder, a pipe or a device.
    """
    if _ADDRESS.match(str(path)):
        raise error(f"{shown(path)}: is no path of a file", cure)
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except OSError as failure:
        problem = "does not exist" if isinstance(failure, FileNotFoundError) else f"cannot be read ({failure.strerror})"
        raise error(f"{shown(path, MAX_PATH)}: {problem}", cure) from None
    except ValueError:
        raise error(f"{shown(path)}: is no path of a file", cure) from None
    if not stat.S_ISREG(mode):
        raise error(f"{path}: is a {'folder' if stat.S_ISDIR(mode) else 'pipe or device'}, not a file", cure)
    return path


def content(path: str | Path, error: Coded, limit: int = MAX_BYTES, cure: str = AGAIN) -> bytes:
    """All bytes of a file that is not too large.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    limit : int
        Bytes that it may have.
    cure : str
        Cure of the error.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    SarslideError
        Of class `error`, as `plain_file`, and for one that is larger or cannot be read.
    """
    path = plain_file(path, error, cure)
    try:
        with open(path, "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as failure:
        raise error(f"{path}: cannot be read ({failure.strerror})", cure) from None
    if len(data) > limit:
        raise error(f"{path}: has more than {limit / 2**20:.3g} MiB, too much for its kind", cure)
    return data


def text(path: str | Path, error: Coded, limit: int = MAX_BYTES, encoding: str = "utf-8-sig", cure: str = AGAIN) -> str:
    """The text of a file that is not too large.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    limit : int
        Bytes that it may have.
    encoding : str
        Its encoding; a byte order mark is left out.
    cure : str
        Cure of the error.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    SarslideError
        Of class `error`, as `content`, and for another encoding.
    """
    data = content(path, error, limit, cure)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as failure:
        problem = f"is no text in {encoding.removesuffix('-sig').upper()} (byte {failure.start})"
        raise error(f"{path}: {problem}", cure) from None


def parsed_json(source: str | bytes, name: str | Path, error: Coded, cure: str = AGAIN) -> Any:
    """JSON of a text that was read already.

    Parameters
    ----------
    source : str or bytes
        The text.
    name : str or Path
        Where it comes from, for messages.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    object
        Its content; numbers are finite.

    Raises
    ------
    SarslideError
        Of class `error`, for what is no JSON, or nested too deep.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number of JSON")

    try:
        return json_format.loads(source, parse_constant=refuse)
    except (ValueError, RecursionError) as failure:
        raise error(f"{name}: is no JSON ({shown(failure)})", cure) from None


def json(path: str | Path, error: Coded, limit: int = MAX_BYTES, cure: str = AGAIN) -> Any:
    """JSON of a file.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    limit : int
        Bytes that it may have.
    cure : str
        Cure of the error.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    SarslideError
        Of class `error`, as `text` and `parsed_json`.
    """
    return parsed_json(text(path, error, limit, cure=cure), path, error, cure)


def typed(model: type[Model], value: object, name: str | Path, error: Coded, cure: str = AGAIN) -> Model:
    """A value from elsewhere as the model that it must fit.

    Parameters
    ----------
    model : type
        A model of pydantic.
    value : object
        What was read.
    name : str or Path
        Where it comes from, for messages.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    Model
        The value, checked.

    Raises
    ------
    SarslideError
        Of class `error`; it names the first entry that does not fit.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(value)
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        entry = f"{shown(place)} = {shown(first['input'])}: " if place else ""
        message = shown(first["msg"].removeprefix("Value error, "))
        raise error(f"{name}: {entry}{message}", cure) from None


def xml(source: bytes | str, name: str | Path, error: Coded, cure: str = AGAIN) -> "Element":
    """The root of an XML text that was read already; entities are refused.

    Parameters
    ----------
    source : bytes or str
        The text.
    name : str or Path
        Where it comes from, for messages.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    xml.etree.ElementTree.Element
        The root.

    Raises
    ------
    SarslideError
        Of class `error`, for what is no XML, has entities, is nested more than `MAX_DEPTH` deep,
        has more than `MAX_ELEMENTS`, an unknown encoding, or more than `MAX_BYTES`.
    """
    from defusedxml import ElementTree  # of those who read XML alone

    if len(source) > MAX_BYTES:
        raise error(f"{name}: has more than {MAX_BYTES >> 20} MiB, too much for its kind", cure)
    data = source.encode() if isinstance(source, str) else source
    depth = elements = 0
    root = None
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(data), ("start", "end")):
            depth += 1 if event == "start" else -1
            elements += event == "start"
            if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
                raise ValueError(f"nested more than {MAX_DEPTH} deep, or more than {MAX_ELEMENTS} elements")
            root = element if root is None else root
    except (ElementTree.ParseError, ValueError, LookupError) as failure:  # entities are a ValueError of defusedxml
        raise error(f"{name}: is no readable XML ({shown(failure)})", cure) from None
    if root is None:
        raise error(f"{name}: is empty", cure)
    return root


def xml_file(path: str | Path, error: Coded, limit: int = MAX_BYTES, cure: str = AGAIN) -> "Element":
    """The root of an XML file.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    limit : int
        Bytes that it may have.
    cure : str
        Cure of the error.

    Returns
    -------
    xml.etree.ElementTree.Element
        The root.

    Raises
    ------
    SarslideError
        Of class `error`, as `content` and `xml`.
    """
    return xml(content(path, error, limit, cure), path, error, cure)


def csv_rows(
    path: str | Path,
    error: Coded,
    columns: Sequence[str],
    limit: int = MAX_BYTES,
    delimiter: str = ",",
    cure: str = AGAIN,
) -> list[dict[str, str]]:
    """Rows of a CSV file with a header.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    columns : sequence of str
        Columns that it must have; it may have others.
    limit : int
        Bytes that it may have.
    delimiter : str
        Between two fields.
    cure : str
        Cure of the error.

    Returns
    -------
    list of dict of str to str
        Every row has every column of the header.

    Raises
    ------
    SarslideError
        Of class `error`, as `text`, and for a missing or repeated column and a row with more or
        fewer fields than the header; it names the line.
    """
    lines = _csv_lines(text(path, error, limit, cure=cure), path, error, delimiter, cure)
    number, header = next(lines, (1, []))
    missing = [name for name in columns if name not in header]
    if missing or len(set(header)) != len(header):
        problem = f"has no column {missing[0]}" if missing else "has two columns of one name"
        raise error(f"{path}: {problem}", cure)
    rows = []
    for number, fields in lines:
        if len(fields) != len(header):
            raise error(f"{path}: line {number} has {len(fields)} fields, the header {len(header)}", cure)
        rows.append(dict(zip(header, fields, strict=True)))
    return rows


def _csv_lines(
    source: str, path: str | Path, error: Coded, delimiter: str, cure: str
) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line that is not empty."""
    reader = csv.reader(io.StringIO(source, newline=""), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            if any(len(field) > MAX_FIELD for field in fields):
                raise csv.Error(f"a field of more than {MAX_FIELD >> 20} MiB")
            if fields:
                yield reader.line_num, fields
    except csv.Error as failure:
        raise error(f"{path}: line {reader.line_num} is no CSV ({shown(failure)})", cure) from None
