"""What the rules of rates and products ask for: dry runs of the demo in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sarslide.config import load
from sarslide.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]
ENGINE = "results/valley/A128/f0/native"


def dry_run(folder, target, *config, check=True):
    """Text of a dry run for one target; the inputs and the reason of each job are in it."""
    command = [
        Path(sys.executable).parent / "snakemake",
        "--dry-run",
        "--verbose",
        "--cores",
        "1",
        "--snakefile",
        REPOSITORY / "Snakefile",
    ]
    command += [
        "--directory",
        folder,
        target,
        "--config",
        "region=valley",
        "simulation={dates: 4, new_dates: 0}",
        *config,
    ]
    run = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert not check or run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return run.stdout + run.stderr


def words(text):
    return set(re.findall(r"^ *rule (\w+):", text, flags=re.M))


def test_the_averaged_phase_runs_without_unwrapping(tmp_path):
    asked = words(dry_run(tmp_path, f"{ENGINE}/averaging/avg_phase_rad.tif"))
    assert "average_phase" in asked
    assert "interferogram" in asked
    assert not any("unwrap" in word or word in ("stack_rates", "sbas") for word in asked)
    fused = words(dry_run(tmp_path, f"{ENGINE}/averaging/phase_intensity_rgb.tif"))
    assert {"fuse_phase", "mean_amplitude"} <= fused
    assert not any("unwrap" in word for word in fused)


def test_dinsar_unwraps_its_own_pair_only(tmp_path):
    text = dry_run(tmp_path, f"{ENGINE}/dinsar/20190306_20190330.dinsar_figure.png")
    assert {"dinsar", "dinsar_figure"} <= words(text) and "stack_rates" not in words(text)
    assert len(re.findall(r"^ *rule unwrap:", text, flags=re.M)) == 1
    assert len(re.findall(r"^ *rule interferogram:", text, flags=re.M)) == 1


def test_a_window_is_left_alone_by_a_date_outside_it(tmp_path):
    target = f"{ENGINE}/windows/spring/los_rate_mm_per_yr.tif"
    window = 'rates={windows: {spring: ["20190301", "20190401"]}}'

    def inputs(new_dates):
        text = dry_run(tmp_path, target, window, f"simulation={{dates: 4, new_dates: {new_dates}}}")
        return re.search(r"^ *rule window_rates:\n +input: (.*)", text, flags=re.M).group(1)

    now = inputs(0)
    assert now == inputs(2)
    assert "20190306_20190330.unw_rad.tif" in now
    assert "20190411" not in now


def test_products_of_the_configuration_belong_to_every_run(tmp_path):
    rates = (
        'rates={windows: {spring: ["20190301", "20190401"]}, dinsar: ["20190306_20190318"], series_polygons: x.gpkg}'
    )
    (tmp_path / "x.gpkg").touch()
    asked = words(dry_run(tmp_path, "all", rates))
    assert {"window_rates", "dinsar", "dinsar_figure", "series"} <= asked
    unknown = dry_run(tmp_path, "all", 'rates={dinsar: ["20190306_20190411"]}', check=False)
    assert re.search(r"E1001 config: rates.dinsar names 20190306_20190411, which no stack has; cure: ", unknown)


@pytest.mark.parametrize(
    ("rates", "problem"),
    [
        ({"reference": [0, 0, 100]}, "rates.reference = .* lies outside the region"),
        ({"windows": {"late": ["20200101", "20190101"]}}, "rates.windows.late = 20200101 to 20190101"),
        ({"windows": {"Late!": ["20190101", "20200101"]}}, "rates.windows"),
        ({"double_difference_km": [5, 1]}, "rates.double_difference_km = 5.0 to 1.0"),
        ({"fusion_percent": [98, 2]}, "rates.fusion_percent"),
        ({"atmosphere": "era5"}, "rates.atmosphere"),
    ],
)
def test_contradictions_are_refused_at_once(rates, problem):
    with pytest.raises(ConfigError, match=f"E1001 config: {problem}"):
        load({"region": "valley", "rates": rates})
