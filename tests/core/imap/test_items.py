import pytest

from core.imap.items import items_of
from core.imap.wire import Response


def response(*pieces: bytes) -> Response:
    return Response(b"*", b"FETCH", 1, list(pieces))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"(UID 5)", {b"UID": b"5"}),
        (b"(uid 5 Rfc822.Size 10)", {b"UID": b"5", b"RFC822.SIZE": b"10"}),
        (b'(FLAGS (UID 7 "FLAGS) x" \\Seen) UID 5)', {b"FLAGS": b'UID 7 "FLAGS) x" \\Seen', b"UID": b"5"}),
        (b"(FLAGS () UID 5 MODSEQ (12))", {b"FLAGS": b"", b"UID": b"5", b"MODSEQ": b"12"}),
        (b'(INTERNALDATE " 5-Mar-2019 06:07:08 +0000")', {b"INTERNALDATE": b" 5-Mar-2019 06:07:08 +0000"}),
        (b'(BODY[] "a\\"b\\\\" UID 5)', {b"BODY[]": b'a"b\\', b"UID": b"5"}),
        (b"(BODY[] NIL UID 5)", {b"BODY[]": None, b"UID": b"5"}),
        (b'(BODY[]<0> "" UID 5)', {b"BODY[]<0>": b"", b"UID": b"5"}),
        (b"(UID 5 FLAGS (broken", {b"UID": b"5"}),
        (b'(UID 5 X-GM-LABELS ("a (b)" \\Inbox) UID2 6)', None),
        (b"", {}),
        (b"nonsense", {}),
    ],
)
def test_items_in_one_line(text: bytes, expected: dict[bytes, bytes | None] | None) -> None:
    found = items_of(response(text))
    if expected is None:
        assert (found[b"UID"], found[b"UID2"]) == (b"5", b"6")
    else:
        assert found == expected


def test_items_around_literals() -> None:
    found = items_of(response(b"(BODY[] {9}", b"(UID 9)\r\n", b" UID 5 X {0}", b"", b" Y NIL)"))
    assert found == {b"BODY[]": b"(UID 9)\r\n", b"UID": b"5", b"X": b"", b"Y": None}
