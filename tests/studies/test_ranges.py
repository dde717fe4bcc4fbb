"""The benchmark's regions: whole ranges apart, all of the library, none of whose DEM shows seams in training."""

import pytest
from studies.benchmark import regions
from studies.ground import cutting

from sarslide.errors import TrainingError


def test_every_range_is_in_one_part_alone():
    ranges = [name for names in regions.PARTS.values() for name in names]
    found = regions.regions()
    assert len(ranges) == len(set(ranges)) and set(ranges) == {region.file.mountains for region in found}
    assert sum(len(regions.regions_of(part)) for part in regions.PARTS) == len(found)


def test_ground_with_seams_trains_and_validates_nothing():
    used = [region.file.path.stem for part in ("train", "validation") for region in regions.regions_of(part)]
    assert not cutting.SEAMED & set(used)


def test_a_region_by_its_name():
    first = regions.regions_of("test")[0]
    assert regions.region_of(first.name) == first and str(len(regions.regions_of("test"))) in regions.words()
    with pytest.raises(TrainingError, match="'nowhere' does not exist"):
        regions.region_of("nowhere")
    with pytest.raises(TrainingError, match="'holdout' does not exist"):
        regions.regions_of("holdout")
