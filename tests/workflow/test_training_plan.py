"""The jobs of `snakemake train`: a network each, in files of their own, from the scenes of a climate."""

from collections import Counter

import pytest

from sarslide.config import load
from sarslide.workflow import weights_files
from tests.support.plans import check, plan

SECTIONS = {
    "segmentation": {"model": "drs_unet", "beside": ["fcadensenet"]},
    "training": {
        "climate": "three_rivers",
        "width": 0.25,
        "channels": "p0_insar",
        "preset": "p0",
        "seeds": [9001, 9002],
        "validation_seeds": [9101],
    },
    "simulation": {"dates": 4},
}


def test_every_network_learns_from_the_scenes_of_all_tracks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = plan(tmp_path, {"region": "valley"} | SECTIONS, ("train",))
    assert Counter(job.rule for job in made.jobs.values())["simulate_climate"] == 3 * 2
    trained = {name: job for name, job in made.jobs.items() if job.rule == "train_network"}
    config = load({"region": "valley"} | SECTIONS)
    folders = {weights_files.trained(config, name).rsplit("/", 1)[0] for name in ("drs_unet", "fcadensenet")}
    assert {name.rsplit("/", 1)[0] for name in trained} == folders
    scenes = [
        f"results/valley/training/scenes/{seed}.{stack}.npz"
        for seed in (9001, 9002, 9101)
        for stack in ("A128", "D062")
    ]
    for name, job in trained.items():
        assert set(scenes) <= set(job.reruns)
        assert (
            f"network='{'drs_unet' if 'drs_unet' in name else 'fcadensenet'}'" in job.reruns
            and "width=0.25" in job.reruns
        )
    # Weights are read by their path, so they stay here when the rest lies in remote storage; scenes need not.
    assert all(job.local for job in trained.values())
    assert not any(job.local for job in made.jobs.values() if job.rule == "simulate_climate")
    # The benchmark's regions are no part of a paper's ground; what maps the region waits for no weights.
    assert not [job for job in made.jobs.values() if job.rule in ("simulate_training", "simulate_benchmark")]
    inputs = [text for job in made.jobs.values() for text in job.reruns]
    assert not [text for text in inputs if text.startswith("results/valley/training/simulated")]


def test_a_start_from_keras_reads_its_file(tmp_path, monkeypatch):
    """D09: the file is an input, so that another one trains again; torchvision's weights are none."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mask_rcnn_coco.h5"
    file.touch()
    keys = {"network": "mask_rcnn", "width": None, "channels": "p2_colours", "preset": "p2", "climate": "three_rivers"}
    for more, read in (({"coco_file": str(file)}, True), ({}, False)):
        made = plan(tmp_path, {"region": "valley", "training": keys | {"start": "coco"} | more}, ("train",))
        (trained,) = [job for job in made.jobs.values() if job.rule == "train_network"]
        assert (str(file) in trained.reruns) == read
        assert f"start='{'matterport' if read else 'coco'}'" in trained.reruns


def test_what_maps_nothing_needs_no_weights(tmp_path, monkeypatch):
    """Rates of a region whose networks are still to be trained can be made; its inventory cannot."""
    monkeypatch.chdir(tmp_path)
    untrained = {"region": "valley", "segmentation": {"model": "unet"}, "simulation": {"dates": 4}}
    for target in ("results/valley/A128/f0/native/stacking/los_rate_mm_per_yr.tif", "train"):
        check(tmp_path, untrained, [target])
    with pytest.raises(SystemExit, match="E4001 no weights yet of unet: .*; cure: sarslide train --preset valley"):
        check(tmp_path, untrained, ["all"])
