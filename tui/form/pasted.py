"""Rows out of the clipboard: lines whose cells are parted by tabs, semicolons or commas, as spreadsheets give them."""

import csv
from collections.abc import Sequence
from typing import Any

_SEPARATORS = "\t;,"


def rows_of(text: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows, cell by cell in the order of the columns; blank lines and blank cells are left out.

    What separates cells is the first of tab, semicolon and comma that is in the text; with one column nothing does.
    Raises ValueError for quotation marks that do not fit.
    """
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    separator = next((each for each in _SEPARATORS if any(each in line for line in lines)), None)
    if separator is None or len(columns) == 1:
        return [{columns[0]: line.strip()} for line in lines]
    found = []
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
            if row:
                found.append(row)
    except csv.Error as error:
        raise ValueError(f"line {max(reader.line_num, 1)}: {error}; see to its quotation marks") from None
    return found
