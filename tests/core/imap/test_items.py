from pathlib import Path

import pytest

from core.imap.items import items_of, uid_of
from core.imap.wire import GarbledError, Response
from core.ports.spool import SpoolFile


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


@pytest.mark.parametrize(
    "pieces",
    [
        (b"(UID 7 BODY[] {3}", b"abc", b"d)"),  # the literal was longer
        (b"(UID 7 BODY[] {3}", b"abc", b""),
        (b"(UID 7 BODY[] {3}", b"abc", b") x"),
        (b"(UID 7 BODY[] {3}", b"abc", b"TCH (UID 8 BODY[] {3}", b"abc", b")"),  # it was shorter
        (b"(UID 7 BODY[] {3}", b"abc", b" FLAGS"),
    ],
)
def test_what_does_not_end_as_it_should_is_not_what_it_seems(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(GarbledError):
        items_of(response(*pieces))


def test_the_file_of_such_a_response_is_given_back(tmp_path: Path) -> None:
    with SpoolFile(tmp_path) as spool:
        spool.write(b"abc")
        body = spool.body()
    with pytest.raises(GarbledError):
        items_of(Response(b"*", b"FETCH", 1, [b"(UID 7 BODY[] {3}", body, b"d)"]))
    assert body._file is None


@pytest.mark.parametrize("end", [b")", b" )", b" FLAGS (\\Seen))", b" UID 7)"])
def test_every_end_that_is_one_is_borne(end: bytes) -> None:
    assert items_of(response(b"(BODY[] {3}", b"abc", end))[b"BODY[]"] == b"abc"


@pytest.mark.parametrize(
    ("said", "uid"),
    [(b"5", 5), (b"4294967295", 4294967295), (b"4294967296", 0), (b"x", 0), (b"0", 0), (b"7" * 5000, 0)],
)
def test_a_uid_is_one_or_none(said: bytes, uid: int) -> None:
    assert uid_of(items_of(response(b"(UID %b)" % said))) == uid
    assert uid_of({}) == 0
