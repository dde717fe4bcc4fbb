"""The name of a release, computed before any work: what went in decides it.

See docs/concepts/releases.md.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from pydantic import BaseModel

from sarslide.config import Config
from sarslide.insar.engines import ENGINES
from sarslide.io.hashes import sha256
from sarslide.rates.methods import METHODS
from sarslide.retrieve.access import Access
from sarslide.retrieve.dem_tiles import MODELS

SCENE_COLUMNS = ("stack", "date", "granule", "sha256", "orbit_file")

# Sections of the configuration that decide what comes out of every region; engine, method, source
# and optional inputs add theirs. What a region does not use is no part of its releases: a new
# section renames nobody's.
ALWAYS = ("grid", "network", "rates", "segmentation", "inventory")
# Sections that decide where and how acquisitions are fetched, or what is made beside the inventory.
NEVER = ("catalog", "retrieve", "factors", "dataset", "training", "benchmark")
# Keys that decide where and how fast a run is.
WITHOUT_EFFECT: dict[str, Any] = {
    "paper": True,
    "assumptions": True,
    "segmentation": {"device"},
    "simulation": {"new_dates"},
    "slc": {"device", "spectral_diversity"},
    "grid": {"product_m"},
    "isce2": {"step_limit_min"},
    "sbas": {"device", "step_limit_min"},
    "rates": {"windows", "dinsar", "series_polygons"},
    "hyp3": {"token", "api_url", "wait_h"},
    "snap": {"gpt", "snaphu", "auxdata", "memory_gb", "step_limit_min"},
}


def optional_inputs(config: Config) -> dict[str, bool]:
    """Whether the configuration names each of the optional inputs.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    dict of str to bool
        By section: `optical`, `lithology`.
    """
    return {
        "optical": bool(config.optical.products or config.retrieve.sentinel2),
        "lithology": bool(config.lithology.file),
    }


def used_sections(config: Config) -> set[str]:
    """Sections of the configuration that decide what comes out of a region.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    set of str
        Names of sections.
    """
    return {
        *ALWAYS,
        *(["simulation"] if config.source == "simulated" else []),
        *ENGINES[config.engine].sections,
        *METHODS[config.rates.method].sections,
        *(section for section, named in optional_inputs(config).items() if named),
    }


def settings(config: Config) -> dict[str, Any]:
    """The leaves of the configuration that decide what comes out of a region.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    dict
        JSON-ready: the used sections without keys that have no effect on results.
    """
    used = used_sections(config)
    unused: dict[str, Any] = {name: True for name, value in config if isinstance(value, BaseModel) and name not in used}
    return config.model_dump(mode="json", exclude={**WITHOUT_EFFECT, **unused})


def dem_model(config: Config) -> str:
    """The global DEM that a region downloads.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    str
        Name of the model, a key of `retrieve.dem_tiles.MODELS`; empty for a file of the user.
    """
    return config.grid.dem if config.grid.dem in MODELS else ""


def dem_addresses(config: Config) -> dict[str, str]:
    """Where the global DEM of a region and its geoid are downloaded from.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    dict of str to str
        `dem_address` and `geoid_address`; empty text for a file of the user.
    """
    model = dem_model(config)
    if not model:
        return {"dem_address": "", "geoid_address": ""}
    return {
        "dem_address": getattr(config.retrieve, f"dem_{model}"),
        "geoid_address": getattr(config.retrieve, f"geoid_{MODELS[model].geoid}"),
    }


def retrieve_access(config: Config) -> dict[str, int | str]:
    """How archives are reached (`sarslide.retrieve.access.Access`), as resources of a rule.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    dict of str to int or str
        Whole numbers and text by attribute.
    """
    names = {one.name for one in fields(Access)}
    keys = config.retrieve.model_dump(include=names) | config.catalog.model_dump(include=names)
    return keys | {
        "timeout_s": str(config.retrieve.timeout_s),
        "pause_s": str(config.retrieve.pause_s),
        "orbit_sources": " ".join(config.retrieve.orbit_sources),
    }


def upstream_rules(config: Config) -> list[str]:
    """The rules between acquisitions and release, whose code is part of its name.

    Those of optional inputs are not among them.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    list of str
        Names of rules, which are also those of their scripts.
    """
    engine, method = ENGINES[config.engine], METHODS[config.rates.method]
    dem = ["retrieve_dem" if dem_model(config) else "prepare_dem"]
    source = ["simulate_world", "simulate_stack", "simulate_date"] if config.source == "simulated" else dem
    return [
        *source,
        *engine.rules,
        *([] if engine.unwraps else ["unwrap"]),
        *method.rules,
        *(["closure"] if config.rates.loop_mask else []),
        *("terrain", "average_phase", "segment", "candidates", "fuse", "release"),
    ]


def release_digest(
    config: Config,
    scenes: Sequence[Mapping[str, str]],
    code: Mapping[str, str],
    weights: str,
    reviews: Sequence[str],
) -> str:
    """Digest of everything that a release follows from.

    Parameters
    ----------
    config : Config
        The configuration of the region.
    scenes : sequence of mappings
        Rows of the scene table that are used.
    code : mapping of str to str
        Fingerprint by rule, of all rules upstream.
    weights : str
        Path of the weights of the network.
    reviews : sequence of str
        Paths of the reviewer's files.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    content = {
        "scenes": [{key: row[key] for key in SCENE_COLUMNS} for row in scenes],
        "config": settings(config),
        "code": dict(code),
        "weights": sha256(weights),
        "review": [sha256(path) for path in reviews],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
