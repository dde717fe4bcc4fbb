"""Agreement of a GPU with the CPU: every program of sarslide that runs on tensors.

Each check computes the same with the device and with the CPU, and compares with a limit that a test
or the reference has: the compiled loops' samples, linked phases and networks' probabilities. Where
compiled loops are the other side, their results are carried (`studies.gpu.prepare`).
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sarslide.sentinel1.burst import Burst

FILE = "checks.npz"
DATES = [f"2020{month:02d}{day:02d}" for month in range(1, 7) for day in (3, 15, 27)]


def run(folder: Path, device: str, smallest: bool) -> dict[str, Any]:
    """The record: of each check the largest difference, its limit, and whether it held."""
    checks: Mapping[str, Callable[[], tuple[float, float]]] = {
        "sbas_inversion_rad": lambda: _sbas(device, 8 if smallest else 64),
        "linking_emi_rad": lambda: _linking(folder, device, True),
        "linking_evd_rad": lambda: _linking(folder, device, False),
        "zero_doppler_m": lambda: _zero_doppler(folder, device),
        "geocoding_share_beyond_1e-3_rad": lambda: _geocoding(folder, device),
        "training_loss": lambda: _training(device),
    }
    found = {name: _held(*check()) for name, check in checks.items()}
    for name in _networks():
        found[f"inference_{name}"] = _network(name, device)
    return {"checks": found, "failed": [name for name, each in found.items() if each.get("held") is False]}


def _held(difference: float, limit: float) -> dict[str, Any]:
    shown = float(difference) if np.isfinite(difference) else None
    return {"difference": shown, "limit": limit, "held": bool(difference <= limit)}


def _sbas(device: str, side: int) -> tuple[float, float]:
    """Series of cells, rad (tests/rates/test_sbas.py)."""
    from sarslide.rates.sbas.inversion import invert

    pairs = [f"{a}_{b}" for k, a in enumerate(DATES) for b in DATES[k + 1 : k + 4]]
    rng = np.random.default_rng(1)
    phase, weight = rng.normal(size=(len(pairs), side, side)), rng.uniform(0.5, 1, (len(pairs), side, side))
    one, other = (invert(phase, weight, pairs, each).phase_rad for each in ("cpu", device))
    return float(np.nanmax(np.abs(one - other))), 1e-9


def _linking(folder: Path, device: str, emi: bool) -> tuple[float, float]:
    """Linked phases against the compiled loops, rad (tests/linking/test_estimators.py)."""
    from sarslide.linking.tensor import TensorLinking

    held = _inputs(folder)
    arguments = held["link_covariance"], held["link_weights"], held["link_looks"]
    phase, _, _ = TensorLinking(device).link_cells(*arguments, emi, 0.2)
    known = held["link_phase_emi" if emi else "link_phase_evd"]
    if (np.isnan(phase) != np.isnan(known)).any():
        return np.inf, 1e-4
    return float(np.nanmax(np.abs(np.angle(np.exp(1j * (phase - known)))))), 1e-4


def _zero_doppler(folder: Path, device: str) -> tuple[float, float]:
    """Slant ranges against the compiled loops, m (tests/insar/native/test_imaging.py)."""
    from sarslide.insar.native.tensor import TensorProgram

    held = _inputs(folder)
    _, distance = TensorProgram(device).zero_doppler(_arc(held), held["points"])
    return float(np.abs(distance - held["distance_m"]).max()), 1e-6


def _geocoding(folder: Path, device: str) -> tuple[float, float]:
    """Share of bright samples whose phase differs from that of the compiled loops."""
    from sarslide.insar.native.burst_program import BurstProgram
    from sarslide.insar.native.tensor import TensorProgram

    held = _inputs(folder)
    burst = _burst(str(held["burst"]))
    made, out = BurstProgram.of(burst), np.zeros(held["place_time"].shape, np.complex64)
    place, margin = (held["place_time"], held["place_range"]), tuple(int(one) for one in held["margin"])
    samples, wavelength_m = noise(burst.lines, burst.samples), float(held["wavelength_m"])
    TensorProgram(device).geocode_window(samples, (0, 0), made, place, wavelength_m, margin, out)
    known = held["geocoded"]
    bright = np.abs(known) > np.median(np.abs(known[known != 0]))
    return float((np.abs(np.angle((known * out.conj())[bright])) >= 1e-3).mean()), 1e-3


def _training(device: str) -> tuple[float, float]:
    """Loss of four steps of a small network from the same weights on both devices."""
    import torch

    from sarslide.models import networks
    from sarslide.training.loss import segmentation_loss

    losses = []
    for each in ("cpu", device):
        torch.manual_seed(3)
        network = networks.build("drs_unet", 3, width=8).train()
        inputs, labels = torch.randn(2, 3, 64, 64), (torch.rand(2, 64, 64) > 0.7).to(torch.uint8)
        network, inputs, labels = network.to(each), inputs.to(each), labels.to(each)
        optimiser = torch.optim.SGD(network.parameters(), lr=1e-2)
        for _ in range(4):
            loss = segmentation_loss(network(inputs)[:, 0], labels, "bce_dice", lambda value: value)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(float(loss))
    return abs(losses[0] - losses[1]), 1e-2


def _networks() -> list[str]:
    from sarslide.models import registry

    return registry.names()


def _network(name: str, device: str) -> dict[str, Any]:
    """Probabilities of a network on both devices (tests/segment/test_infer.py).

    held None: it cannot be built there.
    """
    import torch

    from sarslide.dataset.normalise import Normalisation
    from sarslide.errors import SarslideError
    from sarslide.models import networks, registry
    from sarslide.segment.infer import uncalibrated

    torch.manual_seed(5)
    try:
        network = networks.build(name, 3, **registry.options(name, 0.25)).eval()
    except (SarslideError, ImportError) as error:
        return {"held": None, "not_run": str(error)}
    features = np.random.default_rng(5).normal(size=(3, 128, 128)).astype(np.float32)
    identity = Normalisation("zscore", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    one, other = (uncalibrated(network.to(each), features, identity, 128, 0.0, device=each) for each in ("cpu", device))
    apart = np.abs(one - other)
    if registry.kind(name) == registry.INSTANCE:
        # Objects of random weights are many and equal: the last digit chooses among a few of them.
        return _held(float((apart > 1e-3).mean()), 0.01)
    return _held(float(np.nanmax(apart)), 1e-3)


def _inputs(folder: Path) -> Mapping[str, np.ndarray]:
    with np.load(folder / FILE) as file:
        return {name: file[name] for name in file.files}


def _arc(held: Mapping[str, np.ndarray]) -> Any:
    from sarslide.sentinel1.orbit import Arc

    centre_s, half_s, start_s, stop_s = (float(one) for one in held["arc_numbers"])
    return Arc(centre_s, half_s, held["arc_coefficients"], start_s, stop_s)


def noise(lines: int, samples: int) -> np.ndarray:
    """Samples of a burst, the same on every machine."""
    parts = np.random.default_rng(0).normal(0, 40, (2, lines, samples)).astype(np.float32)
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def _burst(text: str) -> "Burst":
    from sarslide.sentinel1.annotation import ProcessedBand
    from sarslide.sentinel1.burst import Burst

    numbers = json.loads(text)
    bands = {name: ProcessedBand(**numbers[name]) for name in ("range_band", "azimuth_band")}
    return Burst(**numbers | bands | {name: np.array(numbers[name]) for name in ("fm_rate", "doppler")})
