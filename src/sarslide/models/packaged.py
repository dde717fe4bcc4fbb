"""Where the packaged weights lie; importable without torch, since the workflow asks while it is parsed."""

from pathlib import Path

from sarslide.errors import WeightsError

FOLDER = Path(__file__).parent / "weights"


def packaged(model: str) -> Path:
    """Path of the packaged weights `model`; WeightsError names the ones there are."""
    path = FOLDER / f"{model}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.safetensors"))) or "none"
        raise WeightsError(
            f"no packaged weights '{model}'", f"packaged: {known}; or set segmentation.weights to a file"
        )
    return path
