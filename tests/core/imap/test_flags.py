import pytest

from core.imap.flags import flags_of
from core.mail.flags import Flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"\\Seen \\ANSWERED", ["\\Seen", "\\Answered"]),
        (b"007 7 NIL nil2 $Forwarded", ["007", "7", "NIL", "nil2", "$Forwarded"]),
        ("größer".encode(), ["größer"]),
        ("größer".encode("latin-1"), ["größer"]),
        (b"\\recent \\Recent x", ["x"]),
        (b'"quoted"  x ', ["quoted", "x"]),
        (b"Work work", ["Work"]),
    ],
)
def test_flags_are_what_the_server_spelt(text: bytes, expected: list[str]) -> None:
    assert flags_of(text) == Flags(expected)


def test_every_flag_can_be_kept_in_the_ledger() -> None:
    assert Flags.parse(str(flags_of(b"\xff\xfe 12 \\Seen"))) == flags_of(b"\xff\xfe 12 \\Seen")
