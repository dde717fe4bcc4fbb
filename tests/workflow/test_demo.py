"""The whole demo on a seed of neither development nor training, against its goals (long: `make test-full`)."""

import json

import pytest

from tests.workflow.conftest import Checkout


@pytest.mark.full
@pytest.mark.parametrize("seed", [7301, 7302, 7303])
def test_an_unseen_seed_meets_the_goals(seed, tmp_path):
    checkout = Checkout(tmp_path, ["region=demo", f"simulation={{seed: {seed}}}"])
    checkout.snakemake()
    scores = json.loads((tmp_path / "results/demo/report/scores.json").read_text())
    assert scores["planted"] >= 40 and scores["scored"] >= 20
    assert scores["object_recall"] >= 0.8 and scores["object_precision"] >= 0.8
    for stack, rmse in scores["los_rmse_mm_per_yr"].items():
        assert rmse <= 8 and rmse <= 1.3 * scores["predicted_rmse_mm_per_yr"][stack]
