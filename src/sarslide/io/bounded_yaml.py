"""YAML from elsewhere, of plain values only, bounded as the texts of `io.bounded`."""

from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from sarslide.io.bounded import AGAIN, MAX_DEPTH, Coded, shown, text

MAX_BYTES = 4 << 20
MAX_VALUES = 100_000  # those counted again that an alias repeats
MAX_DIGITS = 40  # of a whole number
_OF_TAGS = (ValueError, KeyError, AttributeError, TypeError)  # of PyYAML, for `!!bool x`, `!!timestamp x` ...


def parsed(source: str, name: str | Path, error: Coded, cure: str = AGAIN, as_text: bool = False) -> Any:
    """YAML of a text that was read already, of plain values only.

    Parameters
    ----------
    source : str
        The text.
    name : str or Path
        Where it comes from, for messages.
    error : type
        Class of the error.
    cure : str
        Its cure.
    as_text : bool, default False
        Whether numbers, dates and null stay the text that they are.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    SarslideError
        Of class `error`, for what is no YAML, nested too deep, or has more than `MAX_VALUES`.
    """
    loader = None
    try:
        loader = (_TextLoader if as_text else _Loader)(source)
        return loader.get_single_data()
    except (yaml.YAMLError, *_OF_TAGS, RecursionError, OverflowError) as failure:
        raise error(f"{name}: is no YAML ({shown(_problem(failure))})", cure) from None
    finally:
        if loader:
            loader.dispose()


def read(path: str | Path, error: Coded, limit: int = MAX_BYTES, cure: str = AGAIN) -> Any:
    """YAML of a file, of plain values only.

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
        Of class `error`, as `bounded.text` and `parsed`.
    """
    return parsed(text(path, error, limit, cure=cure), path, error, cure)


class _Limits(Composer):
    """YAML without what makes little text grow."""

    depth = 0

    @cached_property
    def sizes(self) -> dict[yaml.Node, int]:
        """Of whole nodes, in values."""
        return {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node that is neither too deep nor too large."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested more than {MAX_DEPTH} deep")
        is_alias = self.check_event(yaml.AliasEvent)  # type: ignore[attr-defined]
        node = super().compose_node(parent, index)
        if node is None or (is_alias and node not in self.sizes):
            raise yaml.YAMLError("a value holds itself")
        self.sizes[node] = size = 1 + sum(self.sizes[inner] for inner in _inner(node))
        if size > MAX_VALUES:
            raise yaml.YAMLError(f"more than {MAX_VALUES} values")
        self.depth -= 1
        return node


class _Loader(_Limits, yaml.SafeLoader):
    """Numbers, dates and the like are what they look like."""


class _TextLoader(_Limits, yaml.BaseLoader):
    """All values are text."""


def _whole_number(loader: _Loader, node: Any) -> Any:
    if len(node.value) > MAX_DIGITS:
        raise yaml.YAMLError(f"a number of more than {MAX_DIGITS} digits")
    return loader.construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def _inner(node: Any) -> list[Any]:
    """The nodes of a node: items, or keys and values."""
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _problem(failure: Exception) -> str:
    mark = getattr(failure, "problem_mark", None)
    problem = getattr(failure, "problem", None) or str(failure)
    return f"line {mark.line + 1}: {problem}" if mark else problem
