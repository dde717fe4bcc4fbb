"""The page of processing flows: every preset of the papers, drawn of its rule graph."""

import re

from studies.docs import flows

from sarslide.config import load, presets
from tests.conftest import REPOSITORY

DOT = """digraph snakemake_dag {
    0[label = "all", color = "0.5", style="rounded"];
    1[label = "unwrap", color = "0.1", style="rounded"];
    2[label = "interferogram", color = "0.2", style="rounded"];
    1 -> 0
    2 -> 1
}"""


def test_the_page_has_the_flow_of_every_preset_of_a_paper_and_of_coco():
    text = flows.PAGE.read_text()
    heads = " ".join(re.findall(r"^## (.*)$", text, flags=re.M))
    asked = [name for name in presets() if load({"region": name}).paper in ("P0", "P2", "P3", "P4")]
    assert asked == flows.REGIONS and all(re.search(rf"\b{name}\b", heads) for name in asked)
    assert "Labels to COCO (P2 Fig. 3)" in heads
    images = re.findall(r"\]\((images/flow_[\w.]+)\)", text)
    assert len(images) == text.count("\n## ") and all((REPOSITORY / "docs/reference" / one).is_file() for one in images)


def test_edges_of_a_graph_by_the_names_of_its_rules():
    assert flows.edges(DOT) == [("interferogram", "unwrap"), ("unwrap", "all")]
