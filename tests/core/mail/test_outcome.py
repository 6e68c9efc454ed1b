from hypothesis import given
from hypothesis import strategies as st

from core.mail.outcome import Counts, Outcome

steps = st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from(Outcome), st.integers(0, 9999)), max_size=30)


@given(steps)
def test_the_sums_add_up(changes: list[tuple[Outcome, Outcome, int]]) -> None:
    counts, ends = Counts(), []
    for before, after, size in changes:
        counts.add(before, 1, size)
        counts.change(before, after, size)
        ends.append((after, size))
    assert counts.total == len(ends)
    for outcome in Outcome:
        assert getattr(counts, outcome.value) == sum(end is outcome for end, _ in ends)
    there = {Outcome.COPIED, Outcome.ALREADY_THERE}
    assert counts.bytes_copied == sum(size for end, size in ends if end in there)
    assert counts.bytes_total == sum(size for end, size in ends if end in there | {Outcome.PENDING})
    assert (counts + Counts()) == counts
