"""What the models of the configuration are made of."""

import datetime
import re
import string
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Annotated, Any, Self, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import CoreSchema, core_schema

from sarslide import names
from sarslide.errors import SarslideError, without_secrets

MAX_TEXT = 4096  # characters of a value: the longest path of Linux


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
        return value.isoformat()[:10].replace("-", "")
    return re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\1\2\3", str(value))


def _month_day(text: str) -> str:
    """A day of the year, MM-DD."""
    try:
        datetime.date.fromisoformat(f"2000-{text}")
    except ValueError:
        raise Mistake(f"'{text}' is no day of the year", "write MM-DD, such as 06-01") from None
    return text


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


def check_path(text: str) -> str:
    """Refuse what names no file, or what Snakemake would not take as its name.

    Parameters
    ----------
    text : str
        The path, with or without $VARIABLES.

    Returns
    -------
    str
        The same.

    Raises
    ------
    Mistake
        For an address, a name of GDAL's virtual file systems, braces, which are wildcards to
        Snakemake, and characters that cannot be printed.
    """
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise Mistake(f"{text!r} is no path", "leave out what cannot be printed, such as a line break")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|/vsi", text):
        raise Mistake(f"'{without_secrets(text)}' is an address", "bring the file here, and give its path")
    if re.search("[{}]", re.sub(r"\$\{\w+\}", "", text)):
        raise Mistake(f"'{text}' has braces, which are wildcards to Snakemake", "rename the file or folder")
    return text


def _pattern(text: str) -> str:
    """A pattern of the files of a pair, below a folder."""
    cure = "give a pattern below files.folder, such as *{earlier}-{later}*unw.tif"
    try:
        fields = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError:
        raise Mistake(f"'{text}' has a brace without its other one", cure) from None
    if any(name not in ("earlier", "later") or form or conversion for name, form, conversion in fields):
        raise Mistake(f"'{text}' has another field than {{earlier}} and {{later}}", cure)
    parts = PurePosixPath(text).parts
    if not text.isprintable() or text.startswith("/") or ".." in parts:
        raise Mistake(f"{text!r} names nothing below the folder", cure)
    if any("**" in part and part != "**" for part in parts) or parts.count("**") > 1:
        raise Mistake(f"'{text}': ** stands for folders, by itself and once", cure)
    return text


def _address(text: str) -> str:
    """The address of a server, without a login."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    # The value may hold a secret: it is not shown.
    if "@" in text or "?" in text or "#" in text:
        raise Mistake(
            "holds a login or a query", "give scheme, host and path alone; logins stand in ~/.netrc or a variable"
        )
    if not whole or not re.fullmatch(r"[\x21-\x7e]+", text):
        raise Mistake("is no address", "write https://HOST/PATH")
    return text


def _each_once(values: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    """A list of which no entry comes twice."""
    for one, times in Counter(values).items():
        if times > 1:
            raise Mistake(f"{one} comes {times} times", "name each once")
    return values


EachOnce = AfterValidator(_each_once)
PathText = Annotated[str, AfterValidator(check_path)]
PatternText = Annotated[str, AfterValidator(_pattern)]
Address = Annotated[str, AfterValidator(_address)]
StackName = Annotated[str, Field(pattern=f"^{names.STACK}$"), _read(str, names.check_stack)]
DateName = Annotated[str, _read(_date, names.parse_date), _written(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")]
MonthDay = Annotated[str, AfterValidator(_month_day), WithJsonSchema({"type": "string", "pattern": r"^\d\d-\d\d$"})]
GranuleName = Annotated[str, Field(pattern=r"^20\d{6}T\d{6}_T\d{2}[A-Z]{3}$")]  # of Sentinel-2
PairName = Annotated[str, _read(_pair, names.split_pair), _written(names.PAIR)]
FrameName = Annotated[str, Field(pattern=f"^{names.FRAME}$")]
WindowName = Annotated[str, Field(pattern=f"^{names.IDENTIFIER}$")]
# How a login may be named: what it holds is never written into the configuration.
REFERENCE = re.compile(r"netrc|env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+")


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


def inner_section(field: Any) -> "type[Section] | None":
    """The keys that each entry of a key has, where its entries have names and keys.

    Parameters
    ----------
    field : pydantic.fields.FieldInfo
        Field of the key.

    Returns
    -------
    type of Section or None
        Their model; None for every other key.
    """
    values = get_args(field.annotation) if get_origin(field.annotation) is dict else ()
    return values[1] if values and isinstance(values[1], type) and issubclass(values[1], Section) else None


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

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=MAX_TEXT)

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
