"""Displacement that others have processed: rates and series of a track, ready for an inventory."""
