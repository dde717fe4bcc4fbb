"""Commands of `sarslide` that studies run."""

import pytest
from studies.runs import sarslide


def test_output_goes_to_the_log_of_its_name(tmp_path):
    sarslide(tmp_path, "keys", "config", "grid.frame_km")
    assert "frame_km" in (tmp_path / "keys.log").read_text()


def test_a_command_that_fails_ends_the_study_with_the_end_of_its_log(tmp_path):
    with pytest.raises(SystemExit, match=rf"{tmp_path}/plan\.log\n(?s:.)*E1001 [^\n]*nowhere"):
        sarslide(tmp_path, "plan", "plan", "nowhere")
