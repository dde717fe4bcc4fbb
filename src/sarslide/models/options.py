"""The options of networks and their bounds, as cards of weights state them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """The options of all classes, with their bounds.

    Attributes
    ----------
    width : int
        Channels of the first stage.
    depth : int
        Layers of a residual network.
    dropout : float
        Share of values that training leaves out.
    literal, deformable, frozen_norm, keras : bool
        Readings and parts of a network.
    resnext : str
        Stages of Mask R-CNN's body with blocks of ResNeXt.
    attention : str
        On the pyramid of Mask R-CNN.
    """

    model_config = ConfigDict(strict=True)

    width: int = Field(64, ge=1, le=256)
    depth: Literal[50, 101] = 101
    dropout: float = Field(0.0, ge=0, lt=1)
    literal: bool = False
    resnext: Literal["none", "bottom", "all"] = "none"
    deformable: bool = False
    frozen_norm: bool = False
    keras: bool = False
    attention: Literal["none", "cbam", "self"] = "none"
