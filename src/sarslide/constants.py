"""Constants that several areas share."""

SPEED_OF_LIGHT = 299792458.0  # m/s
DAYS_PER_YEAR = 365.25  # Julian year
MM_PER_M = 1e3
