"""Folder names: in every script, with signs that some server or file system cannot take, deep, long, reserved."""

from hypothesis import strategies as st
from imapclient import imap_utf7

#: Names as their owners gave them. Some differ from each other in case, or in composition only.
_NAMES = (
    "Projects", "projects", "Café & Bar", "Cafe\u0301 & Bar", "Entwürfe", "Gesendete Elemente", "Sent Items", "Archive",
    "2019", "会議", "日本語/中文", "שלום", "مجلد", "\U0001f600\U0001f680", "a.b", "a/b", "a\\b", "..", ".hidden",
    "~home", "#news", "!bang", "100%", "x*y", 'say "hi"', "it's", "{3}", "(x) [y]", "a^b`c|d", "<tag>", "a;b:c?",
    "a&b", "&AOk-", "&", "NIL", "cur", "new", "tmp", "INBOX", "inbox", "inbox.x", " lead", "trail ",
    "dot.", "a  b", "\u202egnp.exe", "zero\u200bwidth", "esc\x1b[31m", "nul\0", "\ufeffbom",
    "x" * 120, "ü" * 60, "-dash", "Deleted Messages", "con", "[Gmail]", "[/red]",
)  # fmt: skip


_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\0")


@st.composite
def _path(draw: st.DrawFn) -> tuple[str, ...]:
    return tuple(
        draw(st.sampled_from(_NAMES) if draw(st.integers(0, 5)) else st.text(_LETTERS, min_size=1, max_size=12))
        for _ in range(draw(st.sampled_from((1, 1, 1, 1, 2, 2, 2, 3, 4, 9))))
    )


#: A path, names from the top. INBOX in another case would be INBOX itself.
paths = _path().filter(lambda path: path[0].upper() != "INBOX" or (len(path) > 1 and path[0] == "INBOX"))


def held(path: tuple[str, ...], separator: str) -> tuple[str, ...]:
    """The names as a server with this separator can hold them: what looks like it stands for one within a name."""
    return tuple(name.replace(separator, "\u2044") for name in path)


def wire(path: tuple[str, ...], separator: str) -> str:
    """Such names as they stand on the wire, spelt by a library that the program does not use for it."""
    return separator.join(imap_utf7.encode(name).decode("ascii") for name in path)
