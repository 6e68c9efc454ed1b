"""Makes the README's table of keys from the console's own: `python -m tests.keys_doc`."""

from pathlib import Path

from tui.keys import KEYS, OWN, names

FILE = Path(__file__).resolve().parent.parent / "README.md"
_BEGIN, _END = "<!-- keys -->\n", "<!-- /keys -->"


def table() -> str:
    """The table, as it stands between the marks."""
    rows = ["| key | does | where |", "|---|---|---|"]
    for key in KEYS:
        if key.group in OWN:  # what questions are answered with stands beside them
            written = " ".join(f"`{name}`" for name in names(key))
            rows.append(f"| {written} | {key.words} | {key.group.value.lower()} |")
    return "\n".join(rows) + "\n"


def written(text: str) -> str:
    """The README with the table of today."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + table() + _END + rest.split(_END)[1]


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")
