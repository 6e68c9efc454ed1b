"""A small good batch file as text, for tests that spoil it, and what its problems read like."""

from pathlib import Path

import pytest

from core.batch.load import parse
from core.errors import BatchFileError

FILE = Path("wave.toml")
MAILBOX = """
[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "env:ANN"
"""
SOURCE = """
[source]
host = "imap.old.example"
"""
EXCHANGE = """
[destination]
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc"
password = "env:SVC"
"""
GOOD = f'name = "wave-1"\n{SOURCE}{EXCHANGE}{MAILBOX}'
IMAP = EXCHANGE.replace("[destination]", '[destination]\nkind = "imap"')


def problems(text: str) -> list[str]:
    with pytest.raises(BatchFileError) as raised:
        parse(text, FILE)
    lines = list(raised.value.problems)
    assert all(line.startswith("wave.toml: ") and line.isprintable() for line in lines)
    return [line.removeprefix("wave.toml: ") for line in lines]
