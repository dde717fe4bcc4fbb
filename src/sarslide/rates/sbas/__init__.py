"""SBAS by batched weighted least squares."""
