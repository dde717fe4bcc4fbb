"""Averaged phase, stacking, atmosphere, reference and line-of-sight rate: from pairs to what one track says of the ground."""
