"""What the models of the configuration are made of."""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import CoreSchema, core_schema

from sarslide import names
from sarslide.errors import SarslideError


class Mistake(ValueError):
    """What a check of ours refuses; pydantic collects it with what its own checks refuse.

    Parameters
    ----------
    problem : str
        What is wrong, with keys and values; that of a single value without its key.
    cure : str
        What to do.
    *keys : str
        The keys that the check read, dotted, the first the one to be corrected; none for the check
        of a single value, whose key pydantic knows.
    """

    def __init__(self, problem: str, cure: str, *keys: str) -> None:
        super().__init__(problem)
        self.problem, self.cure, self.keys = problem, cure, keys


class Mistakes(ValueError):
    """What the checks of a section refuse.

    Parameters
    ----------
    mistakes : sequence of Mistake
        Each with its keys.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(str(one) for one in mistakes))
        self.mistakes = tuple(mistakes)


@contextmanager
def refused(*keys: str) -> Iterator[None]:
    """Make a mistake of what a check elsewhere in the package refuses.

    Parameters
    ----------
    *keys : str
        As of `Mistake`.

    Yields
    ------
    None
        Around the check.

    Raises
    ------
    Mistake
        For a SarslideError.
    """
    try:
        yield
    except SarslideError as error:
        raise Mistake(error.problem, error.cure, *keys) from None


def _date(value: Any) -> str:
    """YYYYMMDD of a date as YAML may give it: text with or without dashes, a number, a date."""
    if isinstance(value, datetime.date):
        return f"{value:%Y%m%d}"
    return re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\1\2\3", str(value))


def _pair(value: Any) -> str:
    """The name of a pair; to YAML, one without quotes is a number of sixteen digits."""
    return re.sub(r"^(\d{8})(\d{8})$", r"\1_\2", str(value))


def _read(spelling: Callable[[Any], str], parse: Callable[[str], Any]) -> BeforeValidator:
    """Brings a name into its one spelling, and refuses what does not parse."""

    def validate(value: Any) -> str:
        name = spelling(value)
        with refused():
            parse(name)
        return name

    return BeforeValidator(validate)


def _written(pattern: str) -> WithJsonSchema:
    """What editors accept: the text, or the number that YAML makes of it without quotes."""
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{pattern}$"}, {"type": "integer"}]})


StackName = Annotated[str, Field(pattern=f"^{names.STACK}$"), _read(str, names.check_stack)]
DateName = Annotated[str, _read(_date, names.parse_date), _written(r"\d{4}-?\d{2}-?\d{2}")]
PairName = Annotated[str, _read(_pair, names.split_pair), _written(names.PAIR)]
WindowName = Annotated[str, Field(pattern=f"^{names.IDENTIFIER}$")]
# How a login may be named: what it holds is never written into the configuration.
REFERENCE = re.compile(r"netrc|env:[A-Za-z_][A-Za-z0-9_]*|file:.+")


class OneOf:
    """Annotation of a string that is one of the names of a table.

    Parameters
    ----------
    names : iterable of str
        The names, in the order of the table.

    Attributes
    ----------
    names : tuple of str
        The same.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.literal_schema(list(self.names))


def key(default: Any, meaning: str, unit: str = "", source: str = "sarslide", **limits: Any) -> Any:
    """A leaf key of a section.

    Parameters
    ----------
    default : Any
        Its value where nothing is set.
    meaning : str
        One line for the comment in config.yaml.
    unit : str
        Unit of the value.
    source : str
        A paper's key, or `sarslide`.
    **limits
        Limits of pydantic: `ge`, `gt`, `le`, `lt`, `pattern`, `min_length` ...

    Returns
    -------
    pydantic.fields.FieldInfo
        The field.
    """
    return Field(default, description=meaning, json_schema_extra={"unit": unit, "source": source}, **limits)


def check(method: Callable[[Any], None]) -> Callable[[Any], None]:
    """Mark a method of a section that looks at several of its values together, or at one with code.

    Parameters
    ----------
    method : callable
        Raises `Mistake` for what is wrong.

    Returns
    -------
    callable
        The same.
    """
    vars(method)["is_check"] = True
    return method


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, numbers are finite, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _all_checks(self) -> Self:
        """Run every check, and tell what all of them refuse."""
        found = []
        for method in vars(type(self)).values():
            if getattr(method, "is_check", False):
                try:
                    method(self)
                except Mistake as mistake:
                    found.append(mistake)
        if found:
            raise Mistakes(found)
        return self
