"""The installation of the matrix, for requests that come by the thousand."""

import random

import pytest

from tests.matrix.conftest import installation as installation
from tests.matrix.conftest import log as log

SEED = 20260423


@pytest.fixture
def dice() -> random.Random:
    """The same requests in every run, so that a failure can be asked for again."""
    return random.Random(SEED)
