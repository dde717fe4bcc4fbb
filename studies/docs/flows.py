"""The processing flow of each paper's preset, of its rule graph: docs/reference/flows.md (B07).

No job runs: the scene tables are those that the papers print (`sarslide.catalog.planned`), and no
picture is drawn by hand.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
from shapely.geometry import box

from sarslide.catalog import planned
from sarslide.config import load, presets
from sarslide.papers import papers
from sarslide.report.figures import png
from sarslide.report.flow_figure import flow_figure
from studies.docs.finished import REPOSITORY
from studies.docs.pictures import write

PAGE = REPOSITORY / "docs/reference/flows.md"
IMAGES = REPOSITORY / "docs/reference/images"
REGIONS = [name for name in presets() if load({"region": name}).paper in ("P0", "P2", "P3", "P4")]
LABELLED = ("--config", "region=demo", "training={labels: labels.gpkg}")
HEAD = """# Processing flows

What each preset of a paper runs, from its sources to the report: a box a rule, a line from a rule to
one that reads what it makes. Lines that a longer way shows already are left out. The figures are
drawn of the rule graph (`snakemake --rulegraph`) by `python -m studies.docs`; the report of every
region has its own.
"""


def rule_graph(folder: Path, *arguments: str) -> list[tuple[str, str]]:
    """Edges of a rule graph, maker and reader, as Snakemake prints it."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    run = subprocess.run([*command, "--rulegraph", "dot", *arguments], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {run.stderr[-2000:]}")
    return edges(run.stdout)


def edges(dot: str) -> list[tuple[str, str]]:
    """Edges of a graph in the language of Graphviz, by label; none from a rule to itself."""
    names = dict(re.findall(r'(\d+)\[label = "([^"]+)"', dot))
    between = re.findall(r"(\d+) -> (\d+)", dot)
    return sorted((names[maker], names[reader]) for maker, reader in between if maker != reader)


def of_region(region: str, folder: Path) -> list[tuple[str, str]]:
    """Rule graph of a preset with the scenes that its paper prints."""
    config = load({"region": region})
    path = folder / "resources" / region / "scenes.csv"
    path.parent.mkdir(parents=True)
    with open(path, "w") as stream:
        planned.write(stream, planned.rows(config))
    one = ('grid={"frame_km": 1000}',) if config.grid.in_frames else ()
    return rule_graph(folder, "--config", f"region={region}", *one)


def make() -> None:
    """Write the page and its pictures."""
    parts = [HEAD]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        grid = load({"region": "demo"}).grid.region_grid()
        place = gpd.GeoDataFrame(geometry=[box(*grid.bounds)], crs=grid.epsg)
        place.to_file(folder / "labels.gpkg")
        graphs = {region: of_region(region, folder) for region in REGIONS}
        coco = rule_graph(folder, "coco_export", *LABELLED)
    for region, graph in graphs.items():
        same = [name for name, other in graphs.items() if other == graph]
        if same[0] == region:
            paper = papers()[load({"region": region}).paper]
            parts.append(_part(region, f"{', '.join(same)} ({paper.key}, {paper.citation})", graph))
    parts.append(_part("coco", "Labels to COCO (P2 Fig. 3)", coco))
    write(PAGE, "\n".join(parts).encode())


def _part(name: str, title: str, graph: list[tuple[str, str]]) -> str:
    write(IMAGES / f"flow_{name}.png", png(flow_figure(graph)))
    return f"## {title}\n\n![Rules as boxes, joined by lines: {title}.](images/flow_{name}.png)\n"


if __name__ == "__main__":
    make()
