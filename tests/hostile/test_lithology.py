"""Every broken geological map ends in one coded line."""

import logging

import pytest

from tests.hostile.lithology_cases import cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_lithology(tmp_path):
    logging.getLogger("pyogrio").setLevel(logging.ERROR)
    checked(cases, tmp_path, 35)
