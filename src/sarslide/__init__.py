"""sarslide: from Sentinel-1 SAR to a versioned inventory of active landslides."""

__version__ = "0.1.0"
