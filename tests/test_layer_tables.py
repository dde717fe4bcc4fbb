"""The tables of layers in docs/reference/outputs.md are those of the registry."""

import pytest

from sarslide import layer_tables, layers
from sarslide.dataset import features
from sarslide.errors import LayerError

PAGE = "docs/reference/outputs.md"


def test_the_page_is_in_step(repository):
    assert layer_tables.main([str(repository / PAGE)]) == 0


def test_every_layer_is_on_the_page(repository):
    # Channels of the networks are on no disk.
    wanted = set(layers.LAYERS) - (set(features.DERIVED) - {"downslope_sensitivity"})
    assert wanted <= layer_tables.listed((repository / PAGE).read_text())


def test_a_page_is_brought_in_step(tmp_path, capsys):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- layers: AVERAGES loop_error_cycles -->\nold\n<!-- /layers -->\nafter\n")
    assert layer_tables.main([str(path)]) == 1 and "old" in path.read_text()
    assert "--fix" in capsys.readouterr().err
    assert layer_tables.main([str(path), "--fix"]) == 0 and layer_tables.main([str(path)]) == 0
    text = path.read_text()
    assert "old" not in text and text.startswith("before\n<!-- layers") and text.endswith("<!-- /layers -->\nafter\n")
    assert "| `avg_phase_std_rad` | rad | float32 | NaN |" in text and "| int8 | -128 |" in text


def test_a_wrong_name_is_an_error():
    with pytest.raises(LayerError, match="not a registered layer"):
        layer_tables.in_step("<!-- layers: slope -->\n<!-- /layers -->")
