"""Tropospheric delays of the dates from files of weather models, taken off the pairs (B23)."""
