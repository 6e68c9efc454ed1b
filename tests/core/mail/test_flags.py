from hypothesis import given
from hypothesis import strategies as st

from core.mail.flags import ANSWERED, DELETED, FLAGGED, SEEN, Flags, merge

some_flags = st.sets(st.sampled_from([SEEN, ANSWERED, FLAGGED, "$Forwarded", "Later", "Work"])).map(Flags)


def test_case_is_folded_and_spelling_kept() -> None:
    flags = Flags.of(["\\seen", "MixedCase", "mixedcase"])
    assert set(flags) == {SEEN, "MixedCase"}
    assert "MIXEDCASE" in flags
    assert "\\SEEN" in flags


def test_deleted_and_recent_are_not_carried() -> None:
    assert Flags.of([SEEN, DELETED, "\\Recent", "x"]).carried() == Flags.of([SEEN, "x"])


@given(some_flags)
def test_text_reads_back(flags: Flags) -> None:
    assert Flags.parse(str(flags)) == flags


@given(some_flags, some_flags, some_flags)
def test_merge_touches_only_what_changed_at_the_source(carried: Flags, source: Flags, shown: Flags) -> None:
    change = merge(carried, source, shown)
    assert change.add <= source - carried
    assert change.remove <= carried - source
    after = (set(shown) | set(change.add)) - set(change.remove)
    for flag in set(carried) ^ set(source):
        assert (flag in after) == (flag in source)
    for flag in set(shown) - (set(carried) ^ set(source)):
        assert flag in after  # what the user did to other flags stays


@given(some_flags, some_flags)
def test_nothing_changed_at_the_source_means_nothing_to_do(flags: Flags, shown: Flags) -> None:
    assert not merge(flags, flags, shown)


def test_a_users_own_change_wins_and_is_counted() -> None:
    change = merge(Flags(), Flags.of([FLAGGED]), Flags(), touched=Flags.of([FLAGGED]))
    assert not change
    assert change.kept == 1
