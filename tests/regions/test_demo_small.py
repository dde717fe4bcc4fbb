"""The preset of `sarslide demo --small`: what must hold for it to end in minutes."""

from sarsim import climates
from sarslide import config

SMALL = config.load({"region": "demo_small"})


def test_it_is_a_small_simulated_region_of_one_track():
    grid = SMALL.grid.region_grid()
    assert (grid.cols * grid.cell_m, grid.rows * grid.cell_m) == (3000, 3600)
    assert SMALL.source == "simulated" and len(SMALL.stacks) == 1


def test_the_packaged_network_has_not_seen_its_seed():
    seen = {*SMALL.training.seeds, *SMALL.training.validation_seeds}
    assert SMALL.simulation.seed not in seen | {region.seed for region in climates.REGIONS.values()}
