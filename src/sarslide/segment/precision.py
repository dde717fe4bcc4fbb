"""With which numbers a network runs, and what decides it."""

import torch

from sarslide.errors import ConfigError

FP32, BF16 = "fp32", "bf16"
SAME_MASK = 0.995  # IoU of masks from which on bf16 leaves the map the same


def choose_precision(name: str, device: torch.device | str, mask_iou: float | None = None) -> str:
    """The precision of a setting `fp32`, `bf16` or `auto`.

    fp32: the maps of any two machines agree within 1e-3. bf16: convolutions in bfloat16, some
    hundredths of a probability apart (docs/reference/validation.md). auto: bf16 where the device
    computes it in hardware (emulated, it is slower than fp32) and the masks of this network were
    found to stay the same.

    Parameters
    ----------
    name : str
        `fp32`, `bf16` or `auto`.
    device : torch.device or str
        Where the network runs.
    mask_iou : float or None
        IoU of the network's masks in bf16 with those in fp32, if measured.

    Returns
    -------
    str
        `fp32` or `bf16`.

    Raises
    ------
    ConfigError
        For `bf16` on a device without.
    """
    device = torch.device(device)
    if name == FP32 or (name == "auto" and (mask_iou or 0.0) < SAME_MASK):
        return FP32
    if has_bf16(device):
        return BF16
    if name == BF16:
        raise ConfigError(f"precision 'bf16', but this {device.type} has no bfloat16", "set precision to auto or fp32")
    return FP32


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware.

    Parameters
    ----------
    device : torch.device
        GPUs from Ampere on do; CPUs with AVX512-BF16, AMX or Arm's BF16.

    Returns
    -------
    bool
        True where bfloat16 is not emulated.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return any(able.get(word, False) for word in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
