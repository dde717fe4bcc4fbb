"""Packages that only some choices of the configuration need: an extra brings each."""

from importlib.util import find_spec

from sarslide.errors import PackageError

# Module -> extra of pyproject.toml.
EXTRAS = {
    "asf_search": "retrieve",
    "dem_stitcher": "retrieve",
    "hyp3_sdk": "hyp3",
    "pystac_client": "retrieve",
    "snaphu": "snaphu",
    "torchvision": "instance",
}


def require(module: str, what: str) -> None:
    """See that a package is installed, before work is done that would come to nothing without it.

    Parameters
    ----------
    module : str
        Key of `EXTRAS`, the name that is imported.
    what : str
        What needs it, for the message.

    Raises
    ------
    PackageError
        Where it is not installed; names the extra.
    """
    if find_spec(module) is None:
        raise PackageError(
            f"{what} needs {module}, which is not installed", f'pip install "sarslide[{EXTRAS[module]}]"'
        )
