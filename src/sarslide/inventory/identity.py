"""The identity of a release, computed before any work: what went in decides the name."""

import hashlib
import json

from sarslide.config import Config
from sarslide.io.sidecar import sha256

# Keys that decide where and how fast a run is, not what comes out.
WITHOUT_EFFECT = {
    "paper": True,
    "assumptions": True,
    "segmentation": {"device"},
    "simulation": {"new_dates"},
    "dataset": True,
    "training": True,
    "catalog": True,
    "retrieve": True,
    "slc": {"device", "spectral_diversity"},
    "grid": {"product_m"},
    "isce2": {"step_limit_min"},
    "sbas": {"device", "step_limit_min"},
    "rates": {"windows", "dinsar", "series_polygons"},
    "hyp3": {"token", "api_url", "wait_h"},
    "factors": True,
    "benchmark": True,
    "snap": {"gpt", "snaphu", "auxdata", "memory_gb", "step_limit_min"},
}


def settings(config: Config) -> dict:
    """The leaves of the configuration that decide what comes out; an optional input that is absent has none."""
    absent = [name for name, there in optional_inputs(config).items() if not there]
    return config.model_dump(mode="json", exclude=WITHOUT_EFFECT | dict.fromkeys(absent, True))


def optional_inputs(config: Config) -> dict[str, bool]:
    """The sections of optional inputs, and whether the configuration names one."""
    return {
        "optical": bool(config.optical.products or config.retrieve.sentinel2),
        "lithology": bool(config.lithology.file),
    }


def release_digest(
    config: Config, scenes: list[dict[str, str]], code: dict[str, str], weights: str, reviews: list[str]
) -> str:
    """64 hex digits over the scene rows used, every leaf of the configuration, the code upstream, weights and review."""
    content = {
        "scenes": [{key: row[key] for key in ("stack", "date", "granule", "sha256", "orbit_file")} for row in scenes],
        "config": settings(config),
        "code": code,
        "weights": sha256(weights),
        "review": [sha256(path) for path in reviews],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
