"""What the file of a training scene states of itself."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field, FiniteFloat, PositiveInt

from sarslide.errors import TrainingError
from sarslide.io.bounded import parsed_json, typed

NAME = r"^[\w./+-]{1,200}$"


class GridMeta(BaseModel):
    """Entries of `grid.RegionGrid`."""

    epsg: PositiveInt
    west: FiniteFloat
    north: FiniteFloat
    cell_m: Annotated[FiniteFloat, Field(gt=0)]
    rows: PositiveInt
    cols: PositiveInt


class SceneMeta(BaseModel):
    """Region, track and grid of a scene.

    Attributes
    ----------
    region, stack : str
        Region and track.
    grid : GridMeta or None
        Where the cells lie, if the file states it.
    """

    region: Annotated[str, Field(pattern=NAME)]
    stack: Annotated[str, Field(pattern=NAME)]
    grid: GridMeta | None = None


def scene_meta(path: str | Path, stored: np.ndarray, cure: str) -> SceneMeta:
    """The entry `meta` of a scene.

    Parameters
    ----------
    path : str or Path
        File of the scene.
    stored : array of str
        The entry, JSON.
    cure : str
        What helps where it is damaged.

    Returns
    -------
    SceneMeta
        The entry.

    Raises
    ------
    TrainingError
        For text that is no JSON, or lacks an entry.
    """
    return typed(SceneMeta, parsed_json(str(stored), path, TrainingError, cure), path, TrainingError, cure)
