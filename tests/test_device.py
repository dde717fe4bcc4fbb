"""The one choice of a device: what a key asks for, the error that names the key, no torch where none
is needed.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from sarslide import device
from sarslide.errors import ConfigError

NO_TORCH = "import sys; from sarslide.device import choose_device as c; print(c({!r}, 'k'), 'torch' in sys.modules)"


@pytest.fixture
def torch(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return torch


def test_a_gpu_that_is_not_there(torch):
    assert [device.choose_device(wanted, "slc.device") for wanted in ("cpu", "auto")] == ["cpu", "cpu"]
    with pytest.raises(ConfigError, match=r"^E1001 .*torch sees no GPU; cure: set slc\.device to auto or cpu$"):
        device.choose_device("cuda", "slc.device")


def test_a_gpu_that_is_there(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device.choose_device(wanted, "k") for wanted in ("cpu", "auto", "cuda")] == ["cpu", "cuda", "cuda"]


@pytest.mark.parametrize("wanted", ["cpu", "auto"])
def test_torch_is_not_loaded_in_vain(wanted):
    if wanted == "auto" and any(Path(driver).exists() for driver in device.DRIVERS):
        pytest.skip("this machine has a GPU")
    found = subprocess.run([sys.executable, "-c", NO_TORCH.format(wanted)], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["cpu", "False"]
