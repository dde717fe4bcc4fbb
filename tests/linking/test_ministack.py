"""Mini-stacks from files: datum, compressed SLCs, block edges, a new date, refusals; the rules' scripts."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.errors import StackError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.linking.ministack import Source, link
from sarslide.linking.pair import linked_pair
from sarslide.workflow.graph import Graph
from tests.conftest import REPOSITORY
from tests.support.rule_jobs import run_script

REGION = RegionGrid(32647, 519000, 3208500, 30, 260, 12)  # of two blocks
LATTICE = Lattice.of(REGION)
OPEN = np.zeros(REGION.shape, bool)
DAYS = ("20190306", "20190318", "20190330", "20190411", "20190423", "20190505", "20190517", "20190529")
TRUTH = np.array([0, 0.5, 1.2, -1, 2, 3, -2.5, 1])
LOOKS = 18.0


@pytest.fixture(scope="module")
def dates(tmp_path_factory) -> list[Source]:
    """Geocoded SLCs of DAYS with the phases TRUTH; bursts of every third date have the other parity."""
    folder = tmp_path_factory.mktemp("dates")
    random = np.random.default_rng(5)
    common, *own = (random.standard_normal((9, *LATTICE.shape, 2)) @ [1, 1j]).astype(np.complex64)
    sources = []
    for number, (day, phase, noise) in enumerate(zip(DAYS, TRUTH, own, strict=True)):
        swapped = number % 3 == 2
        samples = (np.sqrt(0.8) * common + np.sqrt(0.2) * noise) * np.exp(1j * phase)
        put_whole(folder / f"{day}.tif", samples, 2 ^ swapped)
        sources.append(Source(day, folder / f"{day}.tif", swapped))
    return sources


def put_whole(path: Path, samples: np.ndarray, band: int) -> None:
    with raster.create(path, LATTICE, "gslc", {}, BANDS) as put:
        put(slice(0, LATTICE.rows), slice(0, LATTICE.cols), samples.astype(np.complex64), band + 1)


def linked(before, dates, compressed: Path, **more) -> np.ndarray:
    """Phases of a mini-stack; its compressed SLC is written."""
    phase = np.full((len(dates), *REGION.shape), np.nan, np.float32)
    with raster.create(compressed, LATTICE, "gslc", {}, BANDS) as put:
        for block in link(before, dates, LATTICE, LOOKS, OPEN, "emi", **more):
            phase[:, block.rows, block.cols] = block.phase_rad
            for band, samples in block.compressed.items():
                put(*block.samples, samples, band + 1)
    return phase


def error(phase: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.angle(np.exp(1j * (phase - truth[:, None, None])))


def test_mini_stacks_share_the_datum_of_the_first_date(dates, tmp_path):
    first = linked([], dates[:4], tmp_path / "first.tif")
    second = linked([Source("first", tmp_path / "first.tif")], dates[4:], tmp_path / "second.tif")
    # Cramer-Rao at coherence 0.8 of 128 looks, of two phases: 0.03 rad and less; without the datum it is 1 to 3 rad.
    for phase, truth in ((first, TRUTH[:4]), (second, TRUTH[4:])):
        found = error(phase, truth)
        assert np.sqrt((found**2).mean()) < 0.08 and abs(found.mean()) < 0.01
    # As good as all dates at once: between the mini-stacks, too.
    whole = linked([], dates, tmp_path / "whole.tif")
    one, other = (
        np.angle(np.exp(1j * (a - b - TRUTH[3] + TRUTH[4]))).std() for a, b in ((first[3], second[0]), whole[3:5])
    )
    assert one < 1.15 * other


def test_a_pair_across_mini_stacks_is_as_good_as_one_within_where_ground_fades(tmp_path):
    """Coherence 0.7 from date to date and 0.7^k over k dates: a compressed SLC of four shows 0.1 of a later date."""
    random = np.random.default_rng(6)
    samples = (random.standard_normal((8, *LATTICE.shape, 2)) @ [1, 1j]).astype(np.complex64)
    for date in range(1, 8):
        samples[date] = 0.7 * samples[date - 1] + np.sqrt(1 - 0.7**2) * samples[date]
    sources = [Source(day, tmp_path / f"{day}.tif") for day in DAYS]
    for source, date, phase in zip(sources, samples, TRUTH, strict=True):
        put_whole(source.path, date * np.exp(1j * phase), 2)
    first = linked([], sources[:4], tmp_path / "first.tif")
    before = [Source("first", tmp_path / "first.tif")]

    def scatter(second: np.ndarray, earlier: np.ndarray) -> float:
        return np.angle(np.exp(1j * (earlier - second - TRUTH[3] + TRUTH[4]))).std()

    apart = linked(before, sources[4:], tmp_path / "apart.tif")
    joined = linked(before, sources[2:], tmp_path / "joined.tif", again=2)
    whole = linked([], sources, tmp_path / "whole.tif")
    at_once = scatter(whole[4], whole[3])
    # Coherence 0.7 of 128 looks: sqrt((1 - 0.49) / (2 x 128 x 0.49)) = 0.064 rad; every fourth neighbour is left out.
    assert 0.064 < at_once < 1.75 * 0.064
    assert scatter(joined[2], joined[1]) < 1.15 * at_once and scatter(apart[0], first[3]) > 1.4 * at_once
    # Those that are linked again are no part of what is summed up.
    assert np.isfinite(joined).all() and len(joined) == 6
    held = raster.read(tmp_path / "joined.tif", LATTICE, 3)
    turns = np.exp(-1j * joined[2:].repeat(LATTICE.per_y, 1).repeat(LATTICE.per_x, 2))
    want = np.mean(
        [raster.read(each.path, LATTICE, 3) * turn for each, turn in zip(sources[4:], turns, strict=True)], 0
    )
    assert np.abs(held - want).max() < 2**-6 * np.abs(want).max()


def test_a_compressed_slc_is_the_mean_without_phases(dates, tmp_path):
    phase = linked([], dates[:3], tmp_path / "first.tif")
    want = 0
    for source, one in zip(dates[:3], phase, strict=True):
        with raster.opened(source.path) as file:
            samples = raster.read(source.path, LATTICE, 4 if source.swapped else 3)
            assert file.count == 4
        want = want + samples * np.exp(-1j * one.repeat(LATTICE.per_y, 0).repeat(LATTICE.per_x, 1)) / 3
    held = raster.read(tmp_path / "first.tif", LATTICE, 3)
    assert np.abs(held - want).max() < 2**-6 * np.abs(want).max()  # as samples are stored
    assert not raster.read(tmp_path / "first.tif", LATTICE, 4).any()


def test_blocks_leave_no_seam(dates, tmp_path, monkeypatch):
    whole = linked([], dates[:3], tmp_path / "a.tif")
    monkeypatch.setattr("sarslide.linking.estimate.BLOCK_BYTES", 5000)
    monkeypatch.setattr(
        "sarslide.linking.ministack.slc_blocks",
        lambda _: [(slice(3 * a, 3 * b), slice(0, LATTICE.cols)) for a, b in pairwise([0, 1, 100, 260])],
    )
    assert np.allclose(linked([], dates[:3], tmp_path / "b.tif"), whole, atol=1e-5)


def test_a_stack_too_short_to_link_is_refused_in_one_line(dates, tmp_path):
    with pytest.raises(StackError, match=r"^E3005 a stack of 2 dates is too short to link: 20190306, 20190318; cure: "):
        linked([], dates[:2], tmp_path / "none.tif")
    assert not (tmp_path / "none.tif").exists()


def test_a_date_whose_looks_are_all_layover_is_refused_in_one_line(dates, tmp_path, monkeypatch):
    samples = np.zeros(LATTICE.shape, np.complex64)
    samples[:30] = 1
    put_whole(tmp_path / "north.tif", samples, 2)
    hidden = OPEN.copy()
    hidden[:10] = True
    monkeypatch.setattr("tests.linking.test_ministack.OPEN", hidden)
    north = Source("20190517", tmp_path / "north.tif")
    with pytest.raises(
        StackError, match=r"^E3005 20190517: all its looks lie in layover or shadow, or it has none; cure"
    ):
        linked([], [*dates[:3], north], tmp_path / "none.tif")
    # A frame may lie off the ground that a date saw.
    assert np.isnan(linked([], [*dates[:3], north], tmp_path / "part.tif", whole=False)[3, 11:]).all()


def test_a_new_date_changes_only_its_own_mini_stack(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def graph(dates: int) -> Graph:
        keys = {"simulation": {"dates": dates}, "interferogram": {"linking": "emi", "ministack": 4}}
        config = load({"region": "valley"} | keys)
        return Graph(config, scenes.table(config, Path("resources")), REPOSITORY / "workflow_scripts")

    plan, later = (graph(count).ministacks("A128") for count in (10, 11))
    now, next_one = list(plan.parts.values()), list(later.parts.values())
    assert [len(part) for part in now] == [4, 4, 2] and [len(part) for part in next_one] == [4, 4, 3]
    assert now[:2] == next_one[:2] and next_one[2][:2] == now[2]
    assert plan.of(now[1][3]) == now[1][0]
    # Pairs join each date to the two before it, and are made of what the later one was linked with.
    dates = sum(now, [])
    assert [plan.again(part[0]) for part in now] == [[], dates[2:4], dates[6:8]]
    assert plan.of_pair(f"{dates[3]}_{dates[4]}") == (dates[4], dates[4])
    assert plan.of_pair(f"{dates[1]}_{dates[3]}") == (dates[0], dates[0])
    assert plan.of_pair(f"{dates[1]}_{dates[5]}") == (dates[0], dates[4])


def test_the_scripts_make_a_pair_of_linked_phases(dates, tmp_path):
    """Two mini-stacks by rule link_dates, and a pair across them by rule interferogram."""
    time = np.arange(-100.0, 110, 10)
    angle = 1e-3 * (time - 5)  # of a circle, 700 km up
    tilt = np.array([[1, 0, 0], [0, np.cos(0.1), np.sin(0.1)]])
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ tilt
    along = np.stack([-np.sin(angle), np.cos(angle)], axis=1) @ tilt
    orbit = {"file": "x.EOF", "epoch": "2019-03-06T00:00:00", "time_s": time.tolist()}
    orbit |= {"position_m": (7.07e6 * ring).tolist(), "velocity_m_s": (7.07e3 * along).tolist()}
    for number, source in enumerate(dates):
        about = {"stack": "A128", "date": source.name, "platform": "S1A", "utc": "2019-03-06T00:00:05"}
        about |= {"wavelength_m": 0.0554658, "centre_m": [6.36e6, 4e4, -4e5], "samples_per_m2": LOOKS / 900}
        about |= {"cycle_phase": 0.99 if number % 3 == 2 else 0.01, "orbit": orbit}
        (tmp_path / f"{source.name}.json").write_text(json.dumps(about))
    raster.write(tmp_path / "layover_shadow.tif", OPEN.astype(np.uint8), REGION, "layover_shadow")
    settings = {"grid": REGION.to_dict(), "linking": "emi", "ministack": 4}
    compressed = []
    for name, part in ((dates[0].name, dates[:4]), (dates[4].name, dates[2:])):
        kinds = {"phase": "linked_rad", "std": "linked_std_rad", "agreement": "linking_coherence", "compressed": "gslc"}
        outputs = {kind: str(tmp_path / f"{name}.{layer}.tif") for kind, layer in kinds.items()}
        outputs["sidecar"] = str(tmp_path / f"{name}.linked.json")
        inputs = {"gslc": [str(source.path) for source in part], "compressed": list(compressed)}
        inputs["sidecars"] = [str(tmp_path / f"{source.name}.json") for source in (dates[0], *part)]
        inputs["layover_shadow"] = str(tmp_path / "layover_shadow.tif")
        run_script("link_dates", tmp_path, inputs, outputs, {"ministack": name}, {"device": "cpu"}, **settings)
        assert raster.band_names(outputs["phase"]) == [source.name for source in part]
        compressed.append(outputs["compressed"])
    assert read_json(outputs["sidecar"])["compressed"] == [DAYS[0]]
    pair, both = f"{DAYS[3]}_{DAYS[4]}", dates[3:5]
    phases = [str(tmp_path / f"{DAYS[4]}.linked_rad.tif")] * 2
    inputs = {"linked": phases, "gslc": [str(source.path) for source in both]}
    inputs["sidecars"] = [str(tmp_path / f"{source.name}.json") for source in both]
    outputs = {kind: str(tmp_path / f"{pair}.{kind}") for kind in ("wrapped", "coherence", "sidecar")}
    settings = {"grid": settings.pop("grid"), "filter": settings, "coherence_window": 3, "spectral_diversity": False}
    run_script("interferogram", tmp_path, inputs, outputs, {"pair": pair}, **settings)
    assert read_json(outputs["sidecar"])["filter"] == {"name": "emi", "ministack": 4}
    unfiltered, filtered = (raster.read(outputs["wrapped"], REGION, band) for band in (1, 2))
    assert np.array_equal(filtered, linked_pair(phases, pair, REGION))
    left = [np.angle(np.exp(1j * (phase - TRUTH[3] + TRUTH[4]))) for phase in (unfiltered, filtered)]
    assert abs(left[1].mean()) < 0.01 and left[1].std() < 0.5 * left[0].std()
