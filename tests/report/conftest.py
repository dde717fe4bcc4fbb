"""One small region and its report for all tests of the report."""

import pytest

from tests.support.report_inputs import html_of, make_region


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """51 x 27 cells, two tracks, 34 landslides."""
    return make_region(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def html(inputs):
    return html_of(inputs)
