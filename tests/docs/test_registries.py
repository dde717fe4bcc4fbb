"""The documents are in step with the code."""

from sarslide import errors, layers
from sarslide.dataset import features


def test_every_error_code_is_documented(repository):
    text = (repository / "docs/errors.md").read_text()
    todo = [errors.SarslideError]
    while todo:
        for child in todo.pop().__subclasses__():
            todo.append(child)
            assert f"| E{child.code} | `{child.__name__}` |" in text


def test_every_layer_on_disk_is_documented(repository):
    text = (repository / "docs/output.md").read_text()
    inside = {"gslc", "dem_m", "land_cover", "decoy", "landslide_kind"}  # no GeoTIFF of the region grid in results/
    derived = set(features.DERIVED) - {"downslope_sensitivity"}
    for name in set(layers.LAYERS) - derived - inside:
        assert f"{name}.tif`" in text, name
