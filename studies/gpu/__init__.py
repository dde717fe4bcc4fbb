"""What needs a GPU: checks of CUDA, the benchmark of all networks, and weights, in short parts.

`run` and what it imports need torch, NumPy, SciPy and safetensors alone, Mask R-CNN torchvision
beside them; `prepare` and `collect` need all of sarslide.
"""
