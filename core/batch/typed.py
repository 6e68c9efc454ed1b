"""Values of a batch file as somebody types them: text without TOML's quotes, and back.

Whatever cannot be read as what its key wants stays text, so that the check of the batch file says what is wrong.
"""

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Any

from core.batch.file_keys import FileKey, Way

_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})?)?", re.ASCII)


def value_of(key: FileKey, text: str) -> Any:
    """The value that a text means for this key; None for nothing, which leaves the key out."""
    text = text.strip() if key.way is not Way.REFERENCE else text
    if not text:
        return None
    if key.way is Way.SWITCH and text in key.choices:
        return text == "true"
    if key.way is Way.NUMBER and _NUMBER.fullmatch(text):
        return int(text)
    if key.way is Way.DATE and _DATE.fullmatch(text):
        try:
            return tomllib.loads(f"x = {text}")["x"]
        except tomllib.TOMLDecodeError:  # a day that no month has
            return text
    return text


def text_of(value: Any) -> str:
    """A value as one would type it; "" for none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case date():  # a date-time is one, too
            return value.isoformat()
        case list() | tuple():
            return ", ".join(map(text_of, value))
        case _:
            return "(a table)" if isinstance(value, dict) else str(value)


def next_choice(choices: Sequence[str], current: str) -> str:
    """The choice after the current one; the first where that is none."""
    return choices[(choices.index(current) + 1) % len(choices)] if current in choices else choices[0]
