"""A training that is killed goes on to the same bytes; a checkpoint of another training, or a broken
one, is never used.
"""

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from sarslide.errors import TrainingError
from sarslide.training import checkpoint
from sarslide.training.train import train
from tests.support.training_scenes import CHANNELS, RECIPE, scene

# Dropout draws random numbers in every step; the dense network has it, and batch normalisation too.
NETWORK, OPTIONS = "fc_densenet56", {"width": 8}
LONG = replace(RECIPE, epochs=5)
SHORT = replace(RECIPE, epochs=2)
CHILD = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from sarslide.training.train import train
from tests.training.test_train_resume import LONG, NETWORK, OPTIONS
from tests.support.training_scenes import CHANNELS, scene
train([scene(1), scene(2)], [scene(3)], CHANNELS, NETWORK, OPTIONS, LONG, checkpoint=Path(sys.argv[1]))
"""


def run(path, recipe=SHORT, network="vcnn", options=(("width", 4),), second=2):
    return train([scene(1), scene(second)], [scene(3)], CHANNELS, network, dict(options), recipe, checkpoint=path)


def digest(result):
    state = result.network.state_dict()
    return hashlib.sha256(b"".join(state[name].numpy().tobytes() for name in sorted(state))).hexdigest()


def test_killed_and_resumed_is_the_same_as_uninterrupted(tmp_path, caplog):
    path = tmp_path / "checkpoint.pt"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], env=os.environ | {"OMP_NUM_THREADS": "1"})
    limit = time.monotonic() + 120
    while not path.is_file() and child.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it ended before it could be killed"
    with caplog.at_level("INFO"):
        resumed = run(path, LONG, NETWORK, OPTIONS)
    assert "goes on after epoch" in caplog.text
    whole = run(None, LONG, NETWORK, OPTIONS)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    assert resumed.threshold == whole.threshold
    assert digest(resumed) == digest(whole)


def test_a_finished_training_is_not_trained_again(tmp_path):
    first = run(tmp_path / "c.pt")
    before = (tmp_path / "c.pt").stat().st_mtime_ns
    assert digest(run(tmp_path / "c.pt")) == digest(first)
    assert (tmp_path / "c.pt").stat().st_mtime_ns == before


def test_a_checkpoint_of_another_training_is_not_used(tmp_path, caplog):
    """Another recipe, other data: the log has it, and the result is that of a fresh start."""
    path, other = tmp_path / "c.pt", replace(SHORT, seed=8)
    run(path)
    with caplog.at_level("INFO"):
        assert digest(run(path, other)) == digest(run(None, other))
    assert "checkpoint of another recipe, network, data set or version: the training starts anew" in caplog.text
    caplog.clear()
    with caplog.at_level("INFO"):
        run(path, other, second=4)
    assert "starts anew" in caplog.text


def test_a_broken_checkpoint_is_told(tmp_path):
    path = tmp_path / "c.pt"
    run(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(TrainingError, match=r"^E4002 .*c\.pt: has \d+ bytes, its header says \d+; cure: delete it"):
        run(path)


class Command:
    """What a pickle can do to whoever trusts it."""

    def __reduce__(self):
        return os.mkdir, (os.environ["SARSLIDE_TEST_TRAP"],)


def test_no_pickle_is_trusted(tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("SARSLIDE_TEST_TRAP", str(trap))
    torch.save({"identity": "x", "state": Command()}, tmp_path / "c.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"identity": "x", "state": Command()}))
    for name in ("c.pt", "plain.pt"):
        with pytest.raises(TrainingError, match=r"^E4002 .*\.pt: .*; cure: delete it"):
            checkpoint.read(tmp_path / name, "x")
    assert not trap.exists()
