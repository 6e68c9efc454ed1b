"""Colours, and the tones that every widget draws with.

All colours are among the fixed 240 of a 256-colour terminal, because OpenSSH does not pass COLORTERM on: what an
admin sees over SSH is what he sees at home. With 16 colours or NO_COLOR the terminal's own colours are used.
"""

from collections.abc import Mapping
from enum import StrEnum

from textual.theme import Theme


class Tone(StrEnum):
    """What a piece of text means; the theme says how that looks. Never the only sign: a glyph and a word stand by."""

    PLAIN = "plain"
    DIM = "dim"  # labels, what matters less
    FAINT = "faint"  # lines, the open part of a bar
    TITLE = "title"  # what the eye should find first
    NAME = "name"  # who is meant
    KEY = "key"  # keys to press, the cursor's mark
    ACTIVE = "active"  # mail is moving
    GOOD = "good"  # done
    WAIT = "wait"  # waiting for something that passes
    HELD = "held"  # paused: waiting for the user
    WARN = "warn"  # done, but look
    BAD = "bad"  # failed
    FOUND = "found"  # what was looked for
    CARET = "caret"  # where the next character goes


#: Colour per tone, 256-colour palette; the numbers are xterm's.
PALETTE: Mapping[str, str] = {
    "ground": "#121212",  # 233
    "cursor": "#3a3a3a",  # 237
    "cursor-blurred": "#262626",  # 235
    "line": "#4e4e4e",  # 239
    "plain": "#d0d0d0",  # 252
    "dim": "#8a8a8a",  # 245
    "faint": "#585858",  # 240
    "title": "#eeeeee",  # 255
    "name": "#87afd7",  # 110
    "key": "#87d7ff",  # 117
    "active": "#5fd7d7",  # 80
    "good": "#87af5f",  # 107
    "wait": "#d7af5f",  # 179
    "held": "#af87d7",  # 140
    "warn": "#d7875f",  # 173
    "bad": "#ff5f5f",  # 203
    "found": "#ffd75f",  # 221
    "caret": "#ffffff",  # 231
}

#: The same on a light ground.
PALETTE_LIGHT: Mapping[str, str] = {
    "ground": "#ffffff",  # 231
    "cursor": "#dadada",  # 253
    "cursor-blurred": "#eeeeee",  # 255
    "line": "#b2b2b2",  # 249
    "plain": "#262626",  # 235
    "dim": "#626262",  # 241
    "faint": "#949494",  # 246
    "title": "#000000",  # 16
    "name": "#005faf",  # 25
    "key": "#005fd7",  # 26
    "active": "#008787",  # 30
    "good": "#008700",  # 28
    "wait": "#875f00",  # 94
    "held": "#8700af",  # 91
    "warn": "#af5f00",  # 130
    "bad": "#d70000",  # 160
    "found": "#d75f00",  # 166
    "caret": "#080808",  # 232
}

#: The same with the terminal's own 16 colours; what stands out does so by weight and reversal too.
PALETTE_16: Mapping[str, str] = {
    "ground": "ansi_default",
    "cursor": "ansi_default",
    "cursor-blurred": "ansi_default",
    "line": "ansi_bright_black",
    "plain": "ansi_default",
    "dim": "ansi_default",
    "faint": "ansi_bright_black",
    "title": "ansi_default",
    "name": "ansi_cyan",
    "key": "ansi_cyan",
    "active": "ansi_cyan",
    "good": "ansi_green",
    "wait": "ansi_yellow",
    "held": "ansi_magenta",
    "warn": "ansi_yellow",
    "bad": "ansi_red",
    "found": "ansi_yellow",
    "caret": "ansi_default",
}


def _theme(name: str, palette: Mapping[str, str], *, ansi: bool = False, dark: bool = True) -> Theme:
    variables = {f"tone-{key}": colour for key, colour in palette.items()}
    if ansi:  # Textual's own rules for such themes ask for these
        variables |= {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"}
    variables["cursor-style"] = "reverse" if ansi else "none"
    return Theme(
        name=name,
        primary=palette["key"],
        secondary=palette["active"],
        accent=palette["key"],
        success=palette["good"],
        warning=palette["wait"],
        error=palette["bad"],
        foreground=palette["plain"],
        background=palette["ground"],
        surface=palette["ground"],
        panel=palette["ground"],
        dark=dark,
        variables=variables,
        ansi=ansi,
    )


#: For terminals of 256 colours and more.
CALM = _theme("mailcutover", PALETTE)
LIGHT = _theme("mailcutover-light", PALETTE_LIGHT, dark=False)

#: For 16 colours, and for NO_COLOR.
PLAIN = _theme("mailcutover-16", PALETTE_16, ansi=True)

ALL = (CALM, LIGHT, PLAIN)


def chosen(name: str, environ: Mapping[str, str]) -> Theme:
    """The theme of a setting: dark, light, the terminal's own 16 colours, none; auto is dark where there are enough.

    NO_COLOR counts for more than any setting. For none it must be in the environment before the app is made.
    """
    if name in {"terminal", "none"} or environ.get("NO_COLOR"):
        return PLAIN
    if name == "auto":
        return PLAIN if few_colours(environ) else CALM
    return LIGHT if name == "light" else CALM


def few_colours(environ: Mapping[str, str]) -> bool:
    """Whether to draw with the terminal's own 16 colours: NO_COLOR is set, or TERM promises no more."""
    if environ.get("NO_COLOR"):
        return True
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return False
    return "256color" not in environ.get("TERM", "") and "direct" not in environ.get("TERM", "")
