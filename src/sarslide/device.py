"""Where a step computes, on a GPU or not, as a `device` key of the configuration asks.

Importing this module does not import torch, and neither does a choice that needs no GPU.
"""

import sys
from pathlib import Path

from sarslide.errors import ConfigError

DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # CUDA on Linux, in WSL, and ROCm


def choose_device(wanted: str, key: str) -> str:
    """The device of a setting `auto`, `cpu` or `cuda`.

    `auto` asks torch only where it is loaded anyway or a driver is: a machine without a GPU does
    not pay for loading it.

    Parameters
    ----------
    wanted : str
        `cpu`; `cuda`; or `auto`, a GPU where there is one.
    key : str
        Key of the configuration that holds the setting, for the error.

    Returns
    -------
    str
        `cpu` or `cuda`, names of torch.

    Raises
    ------
    ConfigError
        For `cuda` where torch sees no GPU.
    """
    if wanted == "cpu":
        return "cpu"
    if wanted == "auto" and "torch" not in sys.modules and not any(Path(driver).exists() for driver in DRIVERS):
        return "cpu"
    import torch

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise ConfigError("device 'cuda', but torch sees no GPU", f"set {key} to auto or cpu")
    return "cuda" if available else "cpu"
