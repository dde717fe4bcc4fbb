"""Levels and mosaics in the plan of a region: of several frames, and of one."""

import pytest

from sarslide import layers
from tests.support import phase_weights
from tests.support.plans import Plan, plan

BOUNDS = [516000, 3204000, 523000, 3210000]  # 7 x 6 km
SEVERAL = {"frame_km": 3.5, "frame_margin_km": 0.5}
FRAMES = [f"f{col}_{row}" for col in (147, 148, 149) for row in (915, 916)]  # of 3.5 km; UTM zone 47
STACK = "results/valley/A128"


def planned(folder, **keys) -> Plan:
    grid = {"bounds": BOUNDS} | keys.pop("grid", {})
    return plan(folder, {"region": "valley", "stacks": ["A128"], "simulation": {"dates": 4}, "grid": grid} | keys)


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> Plan:
    """With finer products, a window, and a network that reads the region's cells."""
    return planned(
        tmp_path_factory.mktemp("several"),
        grid=SEVERAL | {"product_m": 15},
        rates={"windows": {"spring": ["20190301", "20190501"]}},
    )


def inputs(made: Plan, output: str) -> set[str]:
    """What a job reads, and its parameters; of a mosaic by its raster."""
    return set((made.jobs.get(output) or made.jobs[sidecar(output)]).reruns)


def sidecar(path: str) -> str:
    """The sidecar of a mosaic, its first output by name."""
    return path.removesuffix(".tif") + ".mosaic.json"


@pytest.mark.parametrize(
    "path",
    [
        "averaging/avg_phase_rad.tif",
        "geometry/layover_shadow.tif",
        "stacking/los_rate_std_mm_per_yr.tif",
        "stacking/mean_coherence.tif",
        "stacking/segment/drs_unet_ranges/probability.tif",
        "stacking/resampled/avg_phase_rad.tif",
    ],
)
def test_what_people_read_is_made_of_all_frames(several, path):
    read = inputs(several, f"{STACK}/native/{path}")
    assert {f"{STACK}/{frame}/native/{path}" for frame in FRAMES} <= read
    assert not any("level_frames.json" in text for text in read)


@pytest.mark.parametrize(
    ("folder", "levels", "heights"),
    [
        ("stacking", "stacking", "results/valley/terrain/{frame}"),
        ("windows/spring", "windows/spring", "results/valley/terrain/{frame}"),
        ("stacking/resampled", "stacking", STACK + "/{frame}/native/stacking/resampled"),
    ],
)
def test_rates_are_levelled_with_heights_of_their_cells(several, folder, levels, heights):
    read = inputs(several, f"{STACK}/native/{folder}/los_rate_mm_per_yr.tif")
    assert f"{STACK}/native/{levels}/level_frames.json" in read
    assert {f"{heights.format(frame=frame)}/elevation_m.tif" for frame in FRAMES} <= read
    assert {f"{STACK}/{frame}/native/{folder}/los_rate_mm_per_yr.tif" for frame in FRAMES} <= read


def test_levels_read_rates_stable_ground_and_heights_of_all_frames(several):
    read = inputs(several, f"{STACK}/native/stacking/level_frames.json")
    for pattern in (
        STACK + "/{frame}/native/stacking/los_rate_mm_per_yr.tif",
        STACK + "/{frame}/native/stacking/stable_ground.tif",
        "results/valley/terrain/{frame}/elevation_m.tif",
    ):
        assert {pattern.format(frame=frame) for frame in FRAMES} <= read
    assert f"{STACK}/native/stacking/levels.png" in several.jobs


def test_networks_read_the_rates_of_their_frame(several):
    for frame in FRAMES:
        read = inputs(several, f"{STACK}/{frame}/native/stacking/segment/drs_unet_ranges/probability.tif")
        others = [
            text for text in read if f"{STACK}/native" in text or any(f"/{f}/" in text for f in FRAMES if f != frame)
        ]
        assert not others, others


DISC = [518200, 3204500, 300]
HOLDERS = {"f147_915", "f148_915"}  # it lies 200 m from the edge of the first, whose margin is 500 m wide
RATES_OF = {"stacking": "stack_rates", "sbas": "sbas", "mintpy": "mintpy_load", "own": "own_rates"}


def references(made: Plan) -> dict[str, dict[str, str]]:
    """Parameter `reference` of all jobs that have one, by rule and frame."""
    found: dict[str, dict[str, str]] = {}
    for path, job in made.jobs.items():
        for text in job.reruns:
            if text.startswith("reference="):
                frame = next((name for name in [*FRAMES, "f0"] if f"/{name}/" in path), "")
                found.setdefault(job.rule, {})[frame] = text.removeprefix("reference=")
    return found


@pytest.mark.parametrize("method", RATES_OF)
def test_the_frames_that_hold_a_named_reference_use_it_alone(tmp_path, method):
    (tmp_path / "mine.py").touch()
    rates = {"method": method, "reference": DISC, "windows": {"spring": ["20190301", "20190501"]}}
    rates |= {"dinsar": ["20190306_20190318"]} | ({"own": "mine.py"} if method == "own" else {})
    made = references(planned(tmp_path, grid=SEVERAL, rates=rates))
    assert set(made) == {RATES_OF[method], "window_rates", "average_phase", "dinsar", "level_frames"}
    assert set(made.pop("level_frames").values()) == {str(sorted(HOLDERS))}
    for of_frames in made.values():
        assert set(of_frames) == set(FRAMES)
        assert {name for name, value in of_frames.items() if value != "None"} == HOLDERS
        assert {of_frames[name] for name in HOLDERS} == {str(tuple(map(float, DISC)))}


def test_no_zero_of_levels_where_each_cell_has_its_own(tmp_path):
    made = references(planned(tmp_path, grid=SEVERAL, rates={"reference": DISC, "reference_mode": "double_difference"}))
    assert made["level_frames"] == {"": "[]"} and made["stack_rates"]["f148_915"] != "None"


def test_a_region_of_one_frame_keeps_its_named_reference(tmp_path):
    made = references(planned(tmp_path, rates={"reference": DISC}))
    value = str(tuple(map(float, DISC)))
    assert made == {"stack_rates": {"f0": value}, "average_phase": {"f0": value}}


def test_a_release_holds_what_can_be_seen_in_all_frames(several):
    """And each frame finds it from its own rates, of all tracks."""
    read = inputs(several, "results/valley/inventory/release.json")
    for layer in layers.SMALLEST_SPEED:
        assert {f"results/valley/smallest_speed/{frame}/{layer}.tif" for frame in FRAMES} <= read
    for frame in FRAMES:
        read = inputs(several, f"results/valley/smallest_speed/{frame}/smallest_speed.json")
        assert f"{STACK}/{frame}/native/stacking/los_rate_mm_per_yr.tif" in read
        assert f"{STACK}/{frame}/native/observability/downslope_sensitivity.tif" in read
        assert not [text for text in read if any(f"/{other}/" in text for other in FRAMES if other != frame)]


def test_a_region_of_one_frame_has_none_of_them(tmp_path):
    made = planned(tmp_path)
    assert not {"mosaic", "level_frames", "level_figure"} & made.rules()
    report = next(job for job in made.jobs.values() if job.rule == "report")
    assert f"{STACK}/f0/native/stacking/los_rate_mm_per_yr.tif" in report.reruns


def test_without_rates_there_is_nothing_to_level(tmp_path):
    phase_weights.write(tmp_path / "phases.safetensors")
    made = planned(
        tmp_path,
        grid=SEVERAL,
        rates={"method": "averaging"},
        segmentation={"model": "phases", "weights": "phases.safetensors"},
    )
    assert "mosaic" in made.rules() and not {"level_frames", "level_figure"} & made.rules()
    assert sidecar(f"{STACK}/native/averaging/mean_coherence.tif") in made.jobs
