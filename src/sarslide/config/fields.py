"""What the models of the configuration are made of."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema

from sarslide import names

StackName = Annotated[str, Field(pattern=f"^{names.STACK}$")]
DateName = Annotated[str, Field(pattern=f"^{names.DATE}$")]
PairName = Annotated[str, Field(pattern=f"^{names.PAIR}$")]
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


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)
