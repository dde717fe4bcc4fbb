"""Starts from weights of ImageNet beside random ones: files with torchvision's names and shapes,
which hold one number, and scenes of one landslide.
"""

import json
import re

import numpy as np
import pytest
from studies.papers import pretraining, starts, training

SIZE = 160


def write(scene, preset: str, smallest: bool) -> None:
    """In place of `studies.papers.training.make`: a landslide that moves on a slope."""
    assert (preset, smallest) == ("baihetan", True)
    label = np.zeros((SIZE, SIZE), np.uint8)
    label[40:75, 30:60] = 1
    scene.path.parent.mkdir(exist_ok=True)
    np.savez(
        scene.path,
        los_rate_mm_per_yr=(50.0 * label).astype(np.float32),
        slope_deg=np.full(label.shape, 30, np.float32),
        layover_shadow=np.zeros_like(label),
        true_los_rate_mm_per_yr=(50.0 * label).astype(np.float32),
        label=label,
        decoy=np.zeros_like(label),
        landslide_kind=label,
        meta=np.array(json.dumps({"region": scene.region.name, "stack": scene.stack})),
    )


@pytest.fixture
def made(tmp_path, monkeypatch):
    rows = []
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(pretraining, "STARTS", {"baihetan": ("vcnn", ("imagenet", ""))})
    monkeypatch.setattr(pretraining, "channel_set", lambda _: ("los_rate_mm_per_yr", "slope_deg"))
    monkeypatch.setattr(training, "make", write)
    monkeypatch.setattr(pretraining, "put", rows.extend)
    return tmp_path, rows


ARGUMENTS = ("--only", "baihetan", "--smallest")


def test_every_start_has_its_scores(made):
    from sarslide.models import networks

    folder, rows = made
    starts.write_files(folder / "torch")
    pretraining.main(["--folder", str(folder), *ARGUMENTS])
    (row,) = rows
    assert row["what"].startswith("baihetan, vcnn of the published width")
    number = r"[01]\.\d{3}"
    own, random = row["measured"].split("; ")
    assert re.fullmatch(rf"from imagenet {number}, by cell {number}, less random [+-]{number}", own)
    assert re.fullmatch(rf"from random weights {number}, by cell {number}", random)
    first = {
        start: networks.load(folder / f"pretraining/baihetan.vcnn.{start}.safetensors")[0].encoder.stages[1][0].weight
        for start in ("imagenet", "random")
    }
    # One step of 1e-4 from 0.01 everywhere, and from He's distribution.
    assert first["imagenet"].detach().std() < 1e-3 < 1e-2 < first["random"].detach().std()


def test_without_the_files_it_ends_before_the_first_training(made, monkeypatch):
    from torch import hub

    folder, _ = made

    def refused(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(hub, "download_url_to_file", refused)
    with pytest.raises(SystemExit, match=r"VGG16_Weights.IMAGENET1K_V1 are not in .*checkpoints.*cure: download"):
        pretraining.main(["--folder", str(folder), *ARGUMENTS])
    assert not (folder / "pretraining").exists() and not (folder / "scenes").exists()
