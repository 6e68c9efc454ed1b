import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.folder import FolderPath, matches

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
awkward = st.text(st.sampled_from("ab/\\ "), min_size=1, max_size=8)


@given(st.lists(names | awkward, min_size=1, max_size=5))
def test_what_is_written_reads_back(parts: list[str]) -> None:
    path = FolderPath(tuple(parts))
    assert FolderPath.parse(str(path)) == path


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("INBOX", ("INBOX",)),
        ("inbox/sub", ("INBOX", "sub")),
        ("Sub/inbox", ("Sub", "inbox")),
        (r"A\/B/C", ("A/B", "C")),
        (r"a\b", (r"a\b",)),
    ],
)
def test_written_form(written: str, parts: tuple[str, ...]) -> None:
    assert FolderPath.parse(written).parts == parts


@pytest.mark.parametrize(
    ("path", "glob", "named"),
    [
        ("Projects", "Projects", True),
        ("Projects/Old", "Projects", True),
        ("Projects2", "Projects", False),
        ("projects", "Projects", False),
        ("INBOX/a", "inbox", True),
        ("a/b/c", "a/*", True),
        ("a/b/c", "a/*/c", True),
        ("a/b/x/c", "a/*/c", False),
        ("a/b/x/c", "a/**/c", True),
        (r"a\/b", "a*", True),
        (r"a\/b", "*", True),
        ("a.b", "a?b", False),
    ],
)
def test_globs(path: str, glob: str, named: bool) -> None:
    assert matches(FolderPath.parse(path), glob) is named


def test_a_star_takes_an_escaped_slash_but_no_level() -> None:
    assert matches(FolderPath.of("x/y", "z"), "*/z")
    assert not matches(FolderPath.of("x", "y", "z"), "*/z")


def test_below_and_moved() -> None:
    path = FolderPath.parse("A/B/C")
    assert path.below(FolderPath.parse("A/B"))
    assert not path.below(FolderPath.parse("A/X"))
    assert str(path.moved(FolderPath.parse("A"), FolderPath.parse("N/M"))) == "N/M/B/C"
