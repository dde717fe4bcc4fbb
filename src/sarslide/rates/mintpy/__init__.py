"""SBAS by MintPy, through its command line."""
