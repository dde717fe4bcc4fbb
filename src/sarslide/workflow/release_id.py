"""The name of a release, computed before any work: what went in decides it.

See docs/concepts/releases.md.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sarslide.config import Config, existing, reach
from sarslide.insar.engines import ENGINES
from sarslide.io.hashes import sha256
from sarslide.rates.methods import METHODS
from sarslide.retrieve.access import Access
from sarslide.retrieve.dem_tiles import MODELS

SCENE_COLUMNS = ("stack", "date", "granule", "sha256", "orbit_file")

# Keys that reach rules upstream, and only add a note or further maps to what these make, or let
# them make it.
ONLY_NOTES = ("slc.spectral_diversity", "inventory.allow_older", "segmentation.beside")


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


def settings(config: Config, rules: Iterable[str]) -> dict[str, Any]:
    """The leaves of the configuration that some rules read.

    Parameters
    ----------
    config : Config
        The configuration of the region.
    rules : iterable of str
        Names of rules; with `reach.SCENES` and `reach.PAIRS` also the keys whose whole effect is
        the scene table or the list of pairs.

    Returns
    -------
    dict
        JSON-ready, nested by section. Keys that this configuration does not read are left out.
    """
    wanted = set(rules)
    listed = {reach.SCENES, reach.PAIRS} - wanted
    plain = config.model_dump(mode="json")
    found: dict[str, Any] = {}
    for name in reach.key_names():
        if name in ONLY_NOTES or listed & set(reach.reached(name)):
            continue
        if reach.decides(config, name, wanted):
            section, _, leaf = name.rpartition(".")
            if section:
                found.setdefault(section, {})[leaf] = plain[section][leaf]
            else:
                found[leaf] = plain[leaf]
    return found


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
    model = reach.dem_model(config)
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
        Names of rules, which are also those of their scripts but for those of `script_of`.
    """
    engine, method = ENGINES[config.engine], METHODS[config.rates.method]
    dem = ["retrieve_dem" if reach.dem_model(config) else "prepare_dem"]
    source = ["simulate_world", "simulate_stack", "simulate_date"] if config.source == "simulated" else dem
    return [
        *source,
        *engine.rules,
        *(["link_dates"] if engine.geocodes_dates and config.interferogram.linking != "none" else []),
        *(["unwrap"] if method.has_rates and not engine.unwraps else []),
        *(["slant_delay"] if config.rates.delays else []),
        *(["pair_bias"] if config.rates.phase_bias == "remove" else []),
        *method.rules,
        *(["rate_cycles"] if method.has_rates and config.rates.rate_cycles else []),
        *(["closure"] if method.has_rates and config.rates.loop_mask else []),
        *(["window_rates"] if config.segmentation.window else []),
        *(["level_frames"] if method.has_rates and config.grid.in_frames else []),
        *(["observability", "smallest_speed"] if method.has_rates else []),
        *(["resample_products", "product_dem"] if config.segmentation.grid == "product" else []),
        *("terrain", *(["average_phase"] if engine.pairs else [])),
        "segment" if config.segmentation.method == "network" else "velocity_threshold",
        *("candidates", "fuse", *(["object_motion"] if method.has_rates else []), "release"),
    ]


def script_of(rule: str) -> str:
    """The script of a rule.

    Parameters
    ----------
    rule : str
        Name of the rule.

    Returns
    -------
    str
        Name of the file, without its ending.
    """
    return {"window_rates": "stack_rates"}.get(rule, rule)


def release_digest(
    config: Config,
    scenes: Sequence[Mapping[str, str]],
    files: Mapping[str, Sequence[str]],
    pairs: Mapping[str, Sequence[str]],
    code: Mapping[str, str],
    weights: str,
    review: str,
    files_of_user: Sequence[str],
) -> str:
    """Digest of everything that a release follows from.

    Parameters
    ----------
    config : Config
        The configuration of the region.
    scenes : sequence of mappings
        Rows of the scene table that are used.
    files : mapping of str to sequence of str
        Ready interferograms by kind.
    pairs : mapping of str to sequence of str
        Pairs by stack.
    code : mapping of str to str
        Fingerprint by rule, of all rules upstream.
    weights : str
        Hash of the weights of the network.
    review : str
        Digest of the reviewer's decisions; empty without any.
    files_of_user : sequence of str
        Paths of the user's files about objects: that of their names, and that of masked ground.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    ConfigError
        For the file of a rate method of one's own that is not there.
    """
    content = {
        "scenes": [{key: row[key] for key in SCENE_COLUMNS} for row in scenes],
        "files": {kind: list(paths) for kind, paths in files.items()},
        "pairs": {stack: list(names) for stack, names in pairs.items()},
        "config": settings(config, code),
        "code": dict(code),
        "weights": weights,
        "review": [*([review] if review else []), *(sha256(path) for path in files_of_user)],
    }
    if config.rates.method == "own":
        content["method"] = sha256(existing("rates.own", config.rates.own))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
