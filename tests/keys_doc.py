"""Makes the tables of keys in the README and in docs/settings.md from the console's own: `python -m tests.keys_doc`."""

from pathlib import Path

from tui.keys import KEYS, OWN, names

FILE = Path(__file__).resolve().parent.parent / "README.md"
SETTINGS = FILE.parent / "docs" / "settings.md"
#: What questions are answered with stands beside them.
_OF_THE_USER = [key for key in KEYS if key.group in OWN]


def keys() -> str:
    """What every key does."""
    rows = ["| key | does | where |", "|---|---|---|"]
    rows += [f"| {_written(names(key))} | {key.words} | {key.group.value.lower()} |" for key in _OF_THE_USER]
    return "\n".join(rows) + "\n"


def ids() -> str:
    """The id of every action whose keys may be changed."""
    rows = ["| id | keys | does |", "|---|---|---|"]
    rows += [f"| `{key.id}` | {_written(names(key))} | {key.words} |" for key in _OF_THE_USER]
    return "\n".join(rows) + "\n"


def written(text: str) -> str:
    """A document with the tables of today between their marks."""
    for name, table in (("keys", keys), ("ids", ids)):
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin in text:
            before, rest = text.split(begin)
            text = before + begin + table() + end + rest.split(end)[1]
    return text


def _written(names_of: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names_of)


if __name__ == "__main__":
    for file in (FILE, SETTINGS):
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
