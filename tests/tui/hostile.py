"""Texts that a server or a sender may choose, to do harm on a terminal or to vanish from it."""

import unicodedata

from hypothesis import strategies as st

_TURNING = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})

#: Shown as they are: markup to Textual, format strings to Python, and plain names to a mail administrator.
AS_THEY_ARE = (
    "NO [OVERQUOTA] mailbox is full",
    "[/red]",
    "[red]not red",
    "[Gmail]/All Mail",
    "[AUTHENTICATIONFAILED] bad",
    "[@click=app.quit]x[/]",
    "{name!r} %s $tone-bad \\[x]",
)

#: Terminal commands, lines that forge others, text that turns others round.
COMMANDS = (
    "\x1b[31mRED\x1b[0m",
    "\x1b]0;retitled\x07",
    "\x1b]52;c;cm0gLXJm\x1b\\",
    "\x9b2J\x9d0;c1\x9c",
    "\x1bPq\x1b\\\x1b_x\x1b\\",
    "one\r\n02:47:12 info  forged line",
    "\u202egnp.exe\u202c",
    "iso\u2066late\u2069d",
    "tab\tbell\x07back\x08del\x7fnul\x00",
    "half \ud800 surrogate",
)

HOSTILE = (*AS_THEY_ARE, *COMMANDS)

#: All of that at once, the worst first; as wide as one does not think (combining, joined, zero-width, doubly wide,
#: tabs); longer than anybody reads: such a log line has frozen others for half a minute.
WORST = (
    "[/red]\x1b]0;t\x07\u202e[OVERQUOTA] \x9b2J\r\nforged [red]red",
    "Z\u0335\u0322 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f zero\u200b\ufeff\u00ad 日本 \ufdfd a\t\tb",
    "日\x1b[31m" * 15_000,
)

#: Any text at all, and what is worse.
texts = st.one_of(
    st.text(max_size=60), st.sampled_from(HOSTILE), st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl"]))
)


def harmless(text: str) -> bool:
    """Whether a terminal only prints it: no control, no line end, nothing that turns text round, no half character."""
    return not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(character) in _TURNING
        for character in text
    )
