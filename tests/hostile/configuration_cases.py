"""Hostile and broken files of keys: config.yaml, regions/NAME.yaml, values of the command line."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sarslide.cli.start import nested
from sarslide.config import REGIONS, Config, existing, load, resolve
from sarslide.config.reading import read
from sarslide.errors import ConfigError
from tests.hostile.changed import changed
from tests.hostile.support import SECRET, pipe

LEVELS = range(1, 10)
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in LEVELS
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{k}: &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 9)}]}}\n" for k in LEVELS)
IN_ASSUMPTIONS = "assumptions:\n" + "".join(f"  {line}\n" for line in BOMB.splitlines())
FILES = {
    "anchor bomb": BOMB,
    "anchor bomb in assumptions": IN_ASSUMPTIONS,
    "bomb of merged keys": MERGES,
    "a value that holds itself": "assumptions: &a {b: *a}\n",
    "nested a hundred deep": "assumptions: " + "[" * 100 + "]" * 100,
    "brackets without an end": "[" * 100_000,
    "sections without an end": "".join(f"{' ' * k}a:\n" for k in range(400)),
    "a template that runs code": f"__use_yte__: true\n__definitions__:\n  - import os\n  - os.mkdir('{SECRET}')\n",
    "an object of Python": "region: !!python/object/apply:os.system ['true']\n",
    "a list": "- region\n- demo\n",
    "UTF-16": "region: demo\n".encode("utf-16"),
    "Latin-1": "assumptions: {rates.method: 'Größe'}\n".encode("latin-1"),
    "zero bytes": b"\0" * 100,
    "300 KB": "# " + "x" * 300_000,
    "two documents": "region: demo\n--- {}\n",
    "a number of 5,000 digits": f"simulation: {{seed: {'9' * 5000}}}\n",
    "a number of base 60": f"simulation: {{seed: {'9:' * 50_000}9}}\n",
    "a date that is none": "catalog: {start: 2019-13-45}\n",
    "keys that are no text": "? [1, 2]\n: 3\n",
    "a key that is a date": "assumptions: {2019-03-06: x}\n",
}
BOUNDS = [515130, 3200340, 523230, 3215640]
KEYS = {
    "infinite bounds": {"grid": {"bounds": [515130, 3200340, float("inf"), 3215640]}},
    "bounds as text that is no number": {"grid": {"bounds": ["nan", 3200340, 523230, 3215640]}},
    "bounds of 1e308": {"grid": {"bounds": [-1e308, -1e308, 1e308, 1e308]}},
    "a region of 1e12 cells": {"grid": {"bounds": [0, 0, 3e7, 3e7]}},
    "a cell of 1e-320 m": {"grid": {"cell_m": 1e-320}},
    "EPSG 4326": {"grid": {"epsg": 4326}},
    "EPSG 32767": {"grid": {"epsg": 32767}},
    "EPSG nan": {"grid": {"epsg": "nan"}},
    "a name of 5,000 characters": {"region": "a" * 5000},
    "a name of 300 characters": {"region": "a" * 300},
    "a name with a line break": {"region": "demo\n"},
    "a path of 5,000 characters": {"lithology": {"file": "a" * 5000}},
    "a path with braces": {"lithology": {"file": "a/{y}.gpkg"}},
    "a path with a line break": {"inventory": {"review": "a\nb.csv"}},
    "a path that is an address": {"inventory": {"review": f"https://me:{SECRET}@host/review.csv"}},
    "a name of GDAL": {"lithology": {"file": "/vsicurl/http://127.0.0.1:9/map.gpkg"}},
    "the same stack twice": {"stacks": ["A128", "A128"]},
    "the same pair twice": {"network": {"pairs": ["20190306_20190318", "20190306_20190318"]}},
    "digits of another script": {"catalog": {"start": "٢٠١٩٠٣٠٦"}},
    "a date of the first century": {"catalog": {"start": "00010101"}},
    "a date that is a list": {"catalog": {"start": [20190306] * 1000}},
    "a date that is true": {"catalog": {"start": True}},
    "a date with a path": {"simulation": {"first_date": {"A128": "../../x"}}},
    "a stack with a path": {"stacks": ["A12/../../x"]},
    "a window with a path": {"rates": {"windows": {"../x": [20190101, 20200101]}}},
    "a login in an address": {"retrieve": {"stac": f"https://user:{SECRET}@host/v1"}},
    "a token in an address": {"catalog": {"search_asf": f"https://host/v1?token={SECRET}"}},
    "addresses with a login in a list": {"hyp3": {"api_url": [f"https://user:{SECRET}@host"]}},
    "a file as an address": {"retrieve": {"dem_glo30": "file:///etc/passwd"}},
    "a token in the place of its reference": {"retrieve": {"earthdata": SECRET}},
    "an unknown key with a line break": {"a\nb": 1},
    "text without meaning": {"paper": "\ud800"},
    "null for a number": {"grid": {"cell_m": "null"}},
    **{
        f"pattern {text}": {"files": {"unwrapped": text}}
        for text in (
            *("{foo}", "{", "}", "{0}", "/etc/*", "../*", "a/../../b", "{earlier:>99999999}", "{earlier.__class__}"),
            *("{earlier!r}", "**/**/**/x", "a**b", "a\0b", "a\nb"),
        )
    },
}  # fmt: skip
PATHS = ("/dev/zero", "$SARSLIDE_NOT_SET/a.csv", "nobody/{y}.csv", "a" * 300, "/vsizip/a.zip", "http://127.0.0.1:9/a")


def one(work: Callable[[], Config]) -> Config:
    """The configuration, or the first of its mistakes; of each there is one coded line."""
    try:
        return work()
    except ConfigError as error:
        raise ConfigError(error.problem, error.cure) from None


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    (folder / "regions").mkdir()
    for k, (name, content) in enumerate(FILES.items()):
        file = folder / f"{k}.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        yield name, partial(one, partial(read, folder, [file.name]))
        (folder / f"regions/own{k}.yaml").write_bytes(file.read_bytes())
        yield f"region: {name}", partial(one, partial(load, {"region": f"own{k}"}, folder))
    for name, place in {
        "no file": "absent.yaml",
        "a folder": "regions",
        "/dev/zero": "/dev/zero",
        "a pipe": pipe(folder / "pipe").name,
    }.items():
        yield name, partial(one, partial(read, folder, [place]))
    for name, keys in KEYS.items():
        yield name, partial(one, partial(load, keys))
    for k in range(len(PATHS)):
        yield f"resolved {PATHS[k][:20]}", partial(existing, "inventory.review", PATHS[k])
    yield "resolved pipe", partial(resolve, str(folder / "pipe"))
    yield (
        "bomb in --config",
        partial(one, partial(read, folder, [], [f"assumptions={{{BOMB.replace(chr(10), ', ')}}}"])),
    )
    yield "deep --config", partial(one, partial(read, folder, [], [f"assumptions={'[' * 500}{']' * 500}"]))
    yield "deep --set", partial(nested, [f"assumptions.a={'[' * 5000}"])
    yield "bomb in --set", partial(nested, [f"assumptions={{{BOMB.replace(chr(10), ', ')}}}"])
    for seed, preset in enumerate(("zhouqu", "jinsha_lancang", "demo_small")):
        text = (REGIONS / f"{preset}.yaml").read_text()
        for k, (name, content) in enumerate(changed(text, 24, seed)):
            own = f"m{seed}_{k}"
            (folder / f"regions/{own}.yaml").write_bytes(content)
            yield f"mutation of {preset}: {name}?", partial(one, partial(load, {"region": own}, folder))
