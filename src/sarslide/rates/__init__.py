"""From pairs to rates: averaged phase, stacking, SBAS, atmosphere, reference, line of sight."""
