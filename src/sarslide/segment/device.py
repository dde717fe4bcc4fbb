"""Where a network runs and with which numbers: device, precision, and what decides them."""

import torch

from sarslide.errors import ConfigError

FP32, BF16 = "fp32", "bf16"
SAME_MASK = 0.995  # IoU of masks from which on bf16 leaves the map the same


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or `auto`: a GPU where there is one. Raises ConfigError for `cuda` without a GPU."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device 'cuda', but torch sees no GPU", "set device to auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def choose_precision(name: str, device: torch.device | str, mask_iou: float | None = None) -> str:
    """`fp32` or `bf16`, from `fp32`, `bf16` or `auto`. mask_iou: of the network's masks in bf16 with those in fp32, if measured.

    fp32: the maps of any two machines agree within 1e-3. bf16: convolutions in bfloat16, some hundredths of a probability apart
    (docs/validation.md). auto: bf16 where the device computes it in hardware (emulated, it is slower than fp32) and the masks of
    this network were found to stay the same. Raises ConfigError for `bf16` on a device without.
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
    """Whether the device multiplies bfloat16 in hardware: GPUs from Ampere on; CPUs with AVX512-BF16, AMX or Arm's BF16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return any(able.get(word, False) for word in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
