"""The whole valley on a seed of neither development nor training, against its goals (long: `make test-full`)."""

import json

import pytest
from studies.demo_goals import unmet

from tests.workflow.conftest import Checkout


@pytest.mark.full
@pytest.mark.parametrize("seed", [7301, 7302, 7303])
def test_an_unseen_seed_meets_the_goals(seed, tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", f"simulation={{seed: {seed}}}"])
    checkout.snakemake()
    scores = json.loads((tmp_path / "results/valley/report/scores.json").read_text())
    assert unmet(scores) == []
