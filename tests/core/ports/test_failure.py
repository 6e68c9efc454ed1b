"""Failures, in words and figures."""

from math import inf, nan

import pytest

from core.ports.failure import LONGEST_WAIT, Action, Failure


@pytest.mark.parametrize(
    ("asked", "believed"),
    [
        (None, None),
        (0.0, 0.0),
        (3600.0, 3600.0),
        (1e12, LONGEST_WAIT),
        (inf, LONGEST_WAIT),
        (nan, LONGEST_WAIT),
    ],
)
def test_a_wait_beyond_all_sense_is_not_believed(asked: float | None, believed: float | None) -> None:
    assert Failure(Action.WAIT, "BUSY", "the server is busy", seconds=asked).seconds == believed
