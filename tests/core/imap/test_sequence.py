from hypothesis import given
from hypothesis import strategies as st

from core.imap.sequence import uid_sets
from core.imap.wire import numbers


def test_runs_become_ranges() -> None:
    assert list(uid_sets([1, 2, 3, 7, 9, 10])) == [b"1:3,7,9:10"]
    assert list(uid_sets([5])) == [b"5"]
    assert list(uid_sets([])) == []
    assert list(uid_sets([1, 2, 3], window=2)) == [b"1:2", b"3"]


@given(st.sets(st.integers(1, 4294967295), max_size=2000))
def test_nothing_is_lost_and_lines_stay_short(uids: set[int]) -> None:
    sets = list(uid_sets(sorted(uids)))
    assert [uid for one in sets for uid in numbers(one)] == sorted(uids)
    assert all(len(one) < 8000 for one in sets)
