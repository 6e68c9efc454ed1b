"""Whether a batch file has comments: saving it anew would lose them (they stay in its `.bak`)."""

import re

# A string of any of TOML's four kinds, or else a comment; whichever begins first.
_PIECE = re.compile(
    r"""\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|(\#)""",
    re.DOTALL,
)


def has_comments(text: str) -> bool:
    """Whether a TOML text that can be read has a comment in it."""
    return any(found[1] for found in _PIECE.finditer(text))
