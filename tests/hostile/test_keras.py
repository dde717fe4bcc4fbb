"""Every broken file of Keras's weights ends in one coded line, or is read as it was."""

from tests.hostile.keras_cases import cases
from tests.hostile.support import checked


def test_keras(tmp_path):
    checked(cases, tmp_path, 50)
