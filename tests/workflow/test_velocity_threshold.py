"""A region that is mapped by a threshold on the velocity: which jobs there are."""

import pytest

from tests.support.plans import plan

DEMO = {"region": "valley", "simulation": {"dates": 4}}
BY_THRESHOLD = {"method": "velocity_threshold"}


def test_no_network_is_read(tmp_path):
    planned = plan(tmp_path, DEMO | {"segmentation": BY_THRESHOLD})
    assert "velocity_threshold" in planned.rules() and not {"segment", "segment_instances"} & planned.rules()
    folder = "results/valley/A128/f0/native/stacking/segment/velocity_threshold"
    candidates = planned.jobs[f"{folder}/candidates.gpkg"]
    assert f"{folder}/probability.tif" in candidates.reruns


def test_it_stands_beside_a_network_and_a_network_beside_it(tmp_path):
    beside = plan(tmp_path, DEMO | {"segmentation": {"beside": ["velocity_threshold"]}})
    assert {"velocity_threshold", "segment", "compare_networks"} <= beside.rules()
    turned = plan(tmp_path, DEMO | {"segmentation": BY_THRESHOLD | {"beside": ["drs_unet_compact"]}})
    assert turned.rules() == beside.rules() and turned.release != beside.release


def test_without_rates_it_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"E1001 .*map of velocity_threshold needs los_rate_mm_per_yr.*; cure: "):
        plan(tmp_path, DEMO | {"segmentation": BY_THRESHOLD, "rates": {"method": "averaging"}})
