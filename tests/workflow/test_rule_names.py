"""Rules answer to their names: targets and resources by rule."""

import re

import pytest

from tests.workflow.conftest import SMALL, Checkout


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    """A checkout in which nothing has run."""
    return Checkout(tmp_path_factory.mktemp("rule_names"), SMALL)


def test_until_ends_at_a_rule(place):
    output = place.snakemake("--dry-run", "--until", "unwrap").stdout
    assert re.search(r"^unwrap +10$", output, flags=re.M) and not re.search(r"^stack_rates ", output, flags=re.M)


def test_resources_are_set_by_rule(place):
    output = place.snakemake("--dry-run", "--verbose", "--set-resources", "interferogram:mem_mb=4321").stdout
    blocks = re.findall(r"^ *rule (\w+):\n(.*?)(?=\n\n|\Z)", output, flags=re.M | re.S)
    asked = {name for name, block in blocks if "mem_mb=4321" in block}
    assert asked == {"interferogram"}
