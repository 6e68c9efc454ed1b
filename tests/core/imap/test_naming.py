import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap.folders import wire_name
from core.imap.listing import Namespace
from core.imap.naming import Naming
from core.mail.folder import FolderPath

SLASH, DOT, FLAT = Namespace(b"", b"/"), Namespace(b"INBOX.", b"."), Namespace()
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
paths = st.builds(lambda parts: FolderPath(tuple(parts)), st.lists(names, min_size=1, max_size=4))


def first(naming: Naming, *parts: str) -> tuple[FolderPath, bytes]:
    return next(naming.spellings(FolderPath(parts)))


@pytest.mark.parametrize(
    ("space", "parts", "path", "wire"),
    [
        (SLASH, ("a", "b"), ("a", "b"), b"a/b"),
        (SLASH, ("a/b", "c.d"), ("a\u2215b", "c.d"), b"a&IhU-b/c.d"),
        (DOT, ("a/b", "c.d"), ("a/b", "c\u2024d"), b"INBOX.a/b.c&ICQ-d"),
        (DOT, ("INBOX",), ("INBOX",), b"INBOX"),
        (DOT, ("INBOX", "sub"), ("INBOX", "sub"), b"INBOX.INBOX.sub"),
        (FLAT, ("a", "b"), ("a\u2215b",), b"a&IhU-b"),
        (SLASH, ("", "x"), ("_", "x"), b"_/x"),
        (SLASH, ("nul\0",), ("nul_",), b"nul_"),
    ],
)
def test_the_first_spelling(space: Namespace, parts: tuple[str, ...], path: tuple[str, ...], wire: bytes) -> None:
    assert first(Naming(space), *parts) == (FolderPath(path), wire)


def test_later_spellings_are_ever_tamer() -> None:
    spelt = [path.name for path, _ in Naming(SLASH).spellings(FolderPath.of('~50% "x" *\t' + "y" * 90))]
    assert spelt[0].startswith('~50% "x" *\t')
    assert spelt[1].startswith("\u223c50\u2052 \u2033x\u2033 \u2217_y")
    assert spelt[2] == spelt[1] + "_"
    assert len(spelt[3]) == 61
    assert len(spelt) == 4


def test_signs_beyond_the_first_plane_go_last() -> None:
    spelt = [path.name for path, _ in Naming(SLASH).spellings(FolderPath.of("\U0001f600 50%"))]
    assert spelt[:4] == ["\U0001f600 50%", "\U0001f600 50\u2052", "_ 50\u2052", "_ 50\u2052_"]


def test_a_reserved_name_gets_a_mark() -> None:
    assert [path.name for path, _ in Naming(SLASH).spellings(FolderPath.of("cur"))][:2] == ["cur", "cur_"]


def test_what_hangs_below_follows() -> None:
    naming = Naming(SLASH)
    naming.settle(FolderPath.of("cur"), FolderPath.of("cur_"))
    assert [path.parts[0] for path, _ in naming.spellings(FolderPath.of("cur", "x%"))] == ["cur_"] * 4
    naming.forget(FolderPath.of("cur_"))
    assert first(naming, "cur", "x")[0] == FolderPath.of("cur", "x")


@pytest.mark.parametrize("space", [SLASH, DOT, FLAT])
@given(data=st.data())
def test_two_paths_never_become_one(space: Namespace, data: st.DataObject) -> None:
    naming = Naming(space)
    asked = data.draw(st.lists(paths, unique=True, max_size=8))
    became = []
    for path in asked:
        choices = list(naming.spellings(path))
        there, wire = choices[data.draw(st.integers(0, len(choices) - 1))]
        naming.settle(path, there)
        assert wire == wire_name(there, space)
        became.append(there)
    assert len(set(became)) == len(asked)


@given(paths)
def test_the_same_path_is_always_spelt_the_same(path: FolderPath) -> None:
    assert list(Naming(SLASH).spellings(path)) == list(Naming(SLASH).spellings(path))
