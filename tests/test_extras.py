"""What only some choices of the configuration need: told by one coded line before work is done."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sarslide import extras
from sarslide.config import load
from sarslide.errors import PackageError
from sarslide.models import networks, registry
from sarslide.models.pretrained import fetch
from sarslide.preflight import checks
from sarslide.preflight.finding import ERROR
from sarslide.workflow.training_inputs import TrainingInputs
from tests.support.environments import REPOSITORY
from tests.workflow.test_graph import graph

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {
    "asf_search": "asf-search",
    "dem_stitcher": "dem-stitcher",
    "hyp3_sdk": "hyp3-sdk",
    "pystac_client": "pystac-client",
}


@pytest.fixture
def absent(monkeypatch):
    """Make modules as if they were not installed."""

    def remove(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return remove


def test_every_module_is_in_its_extra_and_not_in_the_core():
    for module, extra in extras.EXTRAS.items():
        package = DISTRIBUTIONS.get(module, module)
        named = PROJECT["optional-dependencies"][extra]
        assert [line for line in named if line.startswith(package)], (module, extra)
        assert not [line for line in PROJECT["dependencies"] if line.startswith(package)]


def test_modules_of_extras_are_imported_inside_functions():
    """Else the core would not start without them. Mask R-CNN is a module of torchvision's classes."""
    found = set()
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {(path.name, name.split(".")[0]) for name in names if name.split(".")[0] in extras.EXTRAS}
    assert found == {("mask_rcnn.py", "torchvision")}


def test_every_module_but_mask_r_cnn_is_imported_without_any_extra():
    """In a process of its own, in which the modules of extras are as if they were not installed."""
    code = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({sorted(extras.EXTRAS)}))
import sarsim, sarslide
for package in (sarslide, sarsim):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ImportError:
                print(module.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sarslide.models.mask_rcnn"]


def test_a_network_whose_package_is_absent(absent):
    absent("torchvision")
    with pytest.raises(PackageError, match=r'^E1011 network mask_rcnn needs torchvision.*"sarslide\[instance\]"$'):
        networks.build("mask_rcnn", 4)
    with pytest.raises(PackageError, match="training.start = imagenet needs torchvision"):
        registry.require_package("segnet", "imagenet")
    with pytest.raises(PackageError, match="weights VGG16_Weights.IMAGENET1K_V1 needs torchvision"):
        fetch("VGG16_Weights.IMAGENET1K_V1")


@pytest.mark.parametrize("name", registry.names(registry.SEMANTIC))
def test_semantic_networks_need_no_torchvision(absent, name):
    absent("torchvision")
    registry.require_package(name, "random")
    networks.build(name, 4, width=16)


@pytest.mark.parametrize(
    ("user", "package"),
    [
        ({}, "asf_search"),
        ({"catalog": {"archive": "copernicus"}, "retrieve": {"sentinel2": True}}, "pystac_client"),
        ({"grid": {"dem": "glo30"}}, "dem_stitcher"),
        ({"source": "hyp3", "engine": "hyp3"}, "hyp3_sdk"),
    ],
)
def test_preflight_names_an_absent_package(absent, user, package):
    config = load({"region": "zhongxinrong"} | user)
    assert not [one for one in checks.packages(config) if one.level == ERROR]
    absent(package)
    found = [one for one in checks.packages(config) if one.level == ERROR]
    assert [(one.check, one.code) for one in found] == [(f"package {package}", "E1011")]
    assert checks.packages(config, conda=True) == []


def test_the_demo_needs_no_extra(absent):
    absent(*extras.EXTRAS)
    config = load({"region": "valley"})
    levels = {one.level for one in [*checks.packages(config), *checks.weights(config), *checks.tools(config)]}
    assert ERROR not in levels


def test_train_is_refused_while_the_graph_is_built(absent):
    absent("torchvision")
    made = TrainingInputs(graph(training={"network": "mask_rcnn"}))
    with pytest.raises(PackageError, match="network mask_rcnn"):
        made.start_file()
    assert made.start_file(conda=True) == []
    with pytest.raises(PackageError, match="imagenet"):
        TrainingInputs(graph(training={"network": "segnet", "width": None, "start": "imagenet"})).start_file()
    assert TrainingInputs(graph()).start_file() == []


def reached(lines: list[str]) -> set[str]:
    """Names of all distributions that requirements install here, those of their own requirements too."""
    todo, seen = [(line, "") for line in lines], set()
    while todo:
        line, extra = todo.pop()
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        for step in ((name, word) for word in ("", *wanted.extras)):
            if step not in seen:
                seen.add(step)
                todo += [(further, step[1]) for further in metadata.requires(name) or ()]
    return {name for name, _ in seen}


def licence(name: str) -> str:
    """What a distribution says of its terms in its metadata."""
    found = metadata.metadata(name)
    classifiers = [line for line in found.get_all("Classifier", []) if line.startswith("License")]
    return " | ".join(
        [found.get("License-Expression") or "", *(found.get("License") or "").splitlines()[:1], *classifiers]
    )


# Packages whose metadata names no terms: MIT, and a list of libraries of NVIDIA without code.
UNTOLD = {"conda-inject", "cuda-toolkit"}
UNTOLD |= {f"snakemake-interface-{part}-plugins" for part in ("scheduler", "report", "logger", "storage")}
UNTOLD |= {"snakemake-interface-common"}


def test_the_core_is_free_for_any_use():
    """By the metadata of every package that the core installs; SNAPHU's own name their terms."""
    core = reached(PROJECT["dependencies"])
    assert {"torch", "snakemake", "rasterio"} <= core
    assert not core & {"snaphu", "mintpy", "torchvision", "asf-search", "hyp3-sdk", "dem-stitcher"}
    assert {name for name in core if not licence(name).strip(" |")} <= UNTOLD
    restricted = re.compile(r"non-?\s?commercial|CC-BY-NC|academic|research only", re.I)
    assert not {name: licence(name) for name in core if restricted.search(licence(name))}
    assert restricted.search(licence("snaphu"))


def closure(names: list[str]) -> set[str]:
    """Extras that extras name, all the way."""
    todo, seen = list(names), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            for line in PROJECT["optional-dependencies"][name]:
                if line.startswith("sarslide["):
                    todo += line.removeprefix("sarslide[").partition("]")[0].split(",")
    return seen


def test_dev_has_all_extras():
    assert closure(["dev"]) == set(PROJECT["optional-dependencies"])
