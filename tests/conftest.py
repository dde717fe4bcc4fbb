"""Shared fixtures: real data, the repository; which tests are slow."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.shipped_data import unpack

os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

REPOSITORY = Path(__file__).parents[1]
# Folders and files whose tests start the workflow, train, simulate whole products, serve or take
# more than some eight CPU seconds: not for `make check`.
SLOW = {
    "archive",
    "dataset/test_coco.py",
    "factors/test_factors.py",
    "factors/test_optional_rules.py",
    "insar/external/test_hyp3.py",
    "insar/isce2",
    "insar/native/test_scenes_end_to_end.py",
    "insar/native/test_whole_scenes.py",
    "insar/snap/test_gpt.py",
    "insar/test_contract.py",
    "models/test_mask_rcnn.py",
    "models/test_networks.py",
    "models/test_pretrained.py",
    "rates/test_date_delays.py",
    "rates/test_mintpy.py",
    "rates/test_pipeline.py",
    "rates/test_rules.py",
    "regions",
    "remote",
    "report/test_page.py",
    "report/test_paper_page.py",
    "sarsim",
    "slurm",
    "studies",
    "terrain/test_terrain_memory.py",
    "test_wheel.py",
    "training",
    "workflow",
}
QUICK = {"workflow/test_environments.py", "workflow/test_graph.py", "workflow/test_hygiene.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests."""
    for item in items:
        path = item.path.relative_to(REPOSITORY / "tests")
        if str(path) not in QUICK and SLOW & {str(path), *map(str, path.parents)}:
            item.add_marker("slow")


@pytest.fixture
def package(tmp_path_factory, monkeypatch) -> Path:
    """A folder in the place of the package's weights, without any."""
    from sarslide.models import weights
    from sarslide.workflow import weights_files

    folder = tmp_path_factory.mktemp("packaged")
    for module in (weights, weights_files):
        monkeypatch.setattr(module, "PACKAGED", folder)
    return folder


@pytest.fixture
def without_weights_of_papers(package) -> None:
    """A package without the weights of the papers' networks, as if nobody had trained them."""
    for path in (REPOSITORY / "src/sarslide/models/weights").glob("drs_unet_*.safetensors"):
        (package / path.name).symlink_to(path)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shipped_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real data of tests/data/real, in the layout of the full folder."""
    return unpack(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The full folder of real data, for sets too large to ship; where it is absent, a test is skipped."""
    folder = os.environ.get("SARSLIDE_REAL_DATA")
    if not folder:
        pytest.skip("SARSLIDE_REAL_DATA is not set")
    return Path(folder)
