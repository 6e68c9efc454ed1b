"""A repair mends the form and nothing else: what every part holds, and what the header says, stays the same."""

import base64
import binascii
import email.policy
import quopri
import re
from email.message import Message
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.fingerprint import canonical
from core.mail.lines import LONGEST
from core.mail.repair import repaired

HEADER = b"From: Ann <ann@old.example>\r\nSubject: s\r\n"
TYPE = b"Content-Type: "


def parse(data: bytes) -> Message:
    return BytesParser(policy=email.policy.compat32).parsebytes(data)


def contents(data: bytes) -> list[tuple[str, bytes]]:
    """Type and decoded bytes of each part that holds something, by a reader of other make."""
    return [
        (part.get_content_type(), part.get_payload(decode=True))  # type: ignore[misc]
        for part in parse(data).walk()
        if not part.is_multipart()
    ]


def well_formed(data: bytes) -> bool:
    """As the strictest server wants it."""
    lines = data.split(b"\r\n")
    header = lines[: lines.index(b"")] if b"" in lines else lines
    return (
        not re.search(rb"\0|\r(?!\n)|(?<!\r)\n", data)
        and max(map(len, lines)) <= LONGEST
        and all(re.match(rb"[!-9;-~]+:|[ \t]", line) for line in header)
    )


# --- one thing at a time ---------------------------------------------------------------------------------------

LONG = b"word " * 400
ENDS = "line ends made CRLF"
NUL = "NUL bytes removed"
GAP = "an empty line put between header and body"
ODD = "a line that is no header kept as X-Unreadable"
FROM = "a From without a valid address replaced"
HIGH = "8-bit text in the header encoded"
FOLDED = "header lines over 998 bytes folded"


@pytest.mark.parametrize(
    ("data", "better", "change"),
    [
        (b"Subject: s\n\na\nb", b"Subject: s\r\n\r\na\r\nb", ENDS),
        (b"Subject: s\r\r\n\r\r\na\rb\r\r\n", b"Subject: s\r\n\r\na\r\nb\r\n", ENDS),
        (b"Subject: s\r\rold Macintosh\r", b"Subject: s\r\n\r\nold Macintosh\r\n", ENDS),
        (b"Subject: s", b"Subject: s\r\n", ENDS),
        (b"Subject: a\rb\r\n\r\n", b"Subject: a b\r\n\r\n", ENDS),
        (b"Subject: \0s\r\n\0\r\na\0\r\n", b"Subject: s\r\n\r\na\r\n", NUL),
        (b"no header\r\n", b"\r\nno header\r\n", GAP),
        (b"x", b"\r\nx", GAP),
        (b": no name\r\n\r\nx", b"\r\n: no name\r\n\r\nx", GAP),
        (b"Subject: s\r\nDear Ann,\r\n\r\nx", b"Subject: s\r\n\r\nDear Ann,\r\n\r\nx", GAP),
        (
            TYPE + b"multipart/mixed; boundary=b\r\nHello\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--\r\n",
            TYPE + b"multipart/mixed; boundary=b\r\n\r\nHello\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--\r\n",
            GAP,
        ),
        (
            b"From ann Sat Jan  1 00:00:00 2000\r\nSubject: s\r\n\r\n",
            b"X-Unreadable: From ann Sat Jan  1 00:00:00 2000\r\nSubject: s\r\n\r\n",
            ODD,
        ),
        (
            b"To: a@b\r\n__\r\n\tc\r\nSubject: s\r\n\r\n",
            b"To: a@b\r\nX-Unreadable: __\r\n\tc\r\nSubject: s\r\n\r\n",
            ODD,
        ),
        (
            b"Content-Type: application/zip;\r\nname=a.zip\r\nSubject: s\r\n\r\n",
            b"Content-Type: application/zip;\r\n name=a.zip\r\nSubject: s\r\n\r\n",
            "a line that goes on a header indented",
        ),
        (b" Subject: s\r\n\r\n", b"Subject: s\r\n\r\n", "blanks before the first header removed"),
        (b"Subject \t: s\r\n\r\n", b"Subject: s\r\n\r\n", "blanks before a colon removed"),
        (b"\xef\xbb\xbfSubject: s\r\n\r\n", b"Subject: s\r\n\r\n", "a byte order mark removed"),
        (b"From: Ann, B <a@b>\r\n\r\n", b'From: "Ann, B" <a@b>\r\n\r\n', FROM),
        (b"From:\r\n\r\n", b"From: unknown@sender.invalid\r\n\r\n", FROM),
        (
            b"Subject: Gr\xfc\xdfe an alle\r\n\r\n",
            b"Subject: =?iso-8859-1?b?R3L832U=?= an alle\r\n\r\n",
            HIGH,
        ),
        (
            b'To: "J\xc3\xb6rg" <j@b>, Zo\xc3\xab X <z@b>\r\n\r\n',
            b"To: =?utf-8?b?SsO2cmc=?= <j@b>, =?utf-8?b?Wm/Dqw==?= X <z@b>\r\n\r\n",
            HIGH,
        ),
        (
            b'Content-Disposition: attachment; filename="\xc3\xbc b.pdf"; size=3\r\n\r\n',
            b"Content-Disposition: attachment; filename*=utf-8''%C3%BC%20b.pdf; size=3\r\n\r\n",
            HIGH,
        ),
        (
            b"Content-Type: a/b; name*=utf-8''\xc3\xbc\r\n\r\n",
            b"Content-Type: a/b; name*=utf-8''%C3%BC\r\n\r\n",
            HIGH,
        ),
        (
            b"References: " + b"<123456789@b>" * 100 + b"\r\n\r\n",
            b"References: "
            + b" ".join([b"<123456789@b>"] * 70)
            + b"\r\n "
            # 70 of them fit into a line with the name
            + b" ".join([b"<123456789@b>"] * 30)
            + b"\r\n\r\n",
            FOLDED,
        ),
        (b"X-A: " + b"y" * 2_000 + b"\r\n\r\n", None, FOLDED),
        (b"Subject: " + LONG + b"\r\n\r\n", None, FOLDED),
        (HEADER + b"\r\n" + LONG + b"\r\n", None, "text with lines over 998 bytes encoded"),
        (HEADER + b"\r\n" + "Grüße ".encode() * 400, None, "text with lines over 998 bytes encoded"),
        (
            HEADER + TYPE + b"application/zip\r\n\r\nPK\0\1\n\r",
            HEADER
            + TYPE
            + b"application/zip\r\nContent-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n\r\nUEsAAQoN\r\n",
            "an attachment with NUL bytes or lines over 998 bytes encoded as base64",
        ),
        (
            HEADER + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(LONG),
            None,
            "encoded lines over 998 bytes broken",
        ),
        (
            HEADER + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=C3=BC " * 300 + b"=\r\nx",
            None,
            "encoded lines over 998 bytes broken",
        ),
        (
            TYPE + b"multipart/mixed; boundary=b\r\n\r\n" + b"pre " * 300 + b"\r\n--b\r\n\r\nx\r\n--b--\r\n",
            None,
            "lines over 998 bytes outside of any part broken",
        ),
    ],
)
def test_one_fault(data: bytes, better: bytes | None, change: str) -> None:
    repair = repaired(data)
    assert repair is not None
    assert repair.changes == (change,)
    assert well_formed(repair.data)
    if better is not None:
        assert repair.data == better
    else:
        assert canonical(repair.data) == canonical(data)
        assert [folded(content) for content in contents(repair.data)] == [folded(c) for c in contents(data)]


def folded(content: tuple[str, bytes]) -> tuple[str, bytes]:
    """Line ends aside."""
    return content[0], re.sub(rb"[\r\n]+", b"\n", content[1]).strip()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\r\nbody only",
        b"Subject: s\r\n",
        HEADER + b"\r\n",
        HEADER + b"X: " + b"y" * (LONGEST - 3) + b"\r\n\r\n" + b"z" * LONGEST + b"\r\n8-bit \xe9 below",
        HEADER + b" \t\r\n folded\r\n\r\n",
        b"From: Undisclosed:;\r\n\r\n",
        b"To: not an address, but that is nobody's business\r\n\r\n",
        TYPE + b"multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n--b--",
    ],
)
def test_a_message_that_is_well_is_left_alone(data: bytes) -> None:
    assert repaired(data) is None


def test_what_is_signed_gets_its_line_ends_and_nothing_else() -> None:
    signed = b"--s\n\nlong " + LONG + b" and \0\n--s\nContent-Type: application/pgp-signature\n\nabc\n--s--\n"
    data = TYPE + b"multipart/signed; boundary=s\n\n" + signed
    repair = repaired(data)
    assert repair is not None
    assert repair.data.endswith(b"\r\n\r\n" + signed.replace(b"\n", b"\r\n"))
    assert repair.changes == (ENDS,)


def test_wide_characters_are_no_lines_of_text() -> None:
    text = "Grüße\n".encode("utf-16")
    repair = repaired(HEADER + TYPE + b"text/plain; charset=utf-16\r\n\r\n" + text)
    assert repair is not None
    assert contents(repair.data) == [("text/plain", text)]


def test_a_message_in_a_message_is_mended_within() -> None:
    inner = b"From: broken\r\nSubject: \xfc\r\n\r\n" + LONG
    repair = repaired(HEADER + TYPE + b"message/rfc822\r\n\r\n" + inner)
    assert repair is not None
    assert well_formed(repair.data)
    assert b"From: broken\r\n" in repair.data  # only the message's own sender is asked for
    assert b"MIME-Version: 1.0" in repair.data.partition(b"broken")[2]
    assert contents(repair.data) == [("text/plain", LONG)]


# --- anything at all -------------------------------------------------------------------------------------------

PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"=", b'"', b"<", b">", b"--b", b"--b--"),
                *(b"From: ", b"To: ", b"Subject: s", b"Content-Type: multipart/mixed; boundary=b", b"X"),
                *(b"Content-Type: text/plain; charset=utf-16", b"Content-Type: message/rfc822", b"\xef\xbb\xbf"),
                *(b"Content-Type: application/zip", b"Content-Type: multipart/signed; boundary=b", b"a@b", b"\xc3\xbc"),
                *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"),
                *(b"x" * 1_000, b"a b " * 300, b"=C3" * 400, b"\r\n\r\n", b"\r\n--b\r\n", b"\xff", b"=?utf-8?q?x?="),
            ]
        ),
        st.binary(max_size=3),
    ),
    max_size=40,
).map(b"".join)


@given(PIECES)
def test_a_repaired_message_has_nothing_left_to_repair(data: bytes) -> None:
    repair = repaired(data)
    if repair is not None:
        assert repair.changes
        assert repair.data != data
        again = repaired(repair.data)
        assert again is None, (repair.changes, again)


# --- messages, damaged -----------------------------------------------------------------------------------------

TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])), max_size=12).map(" ".join)
CONTENTS = st.one_of(
    TEXTS.map(str.encode),
    st.lists(TEXTS.map(str.encode), max_size=5).map(b"\r\n".join),
    st.sampled_from([LONG, b"x" * 5_000, "ü".encode() * 1_000]),
)


def as_is(content: bytes) -> bytes:
    return content


def one_line(content: bytes) -> bytes:
    return base64.b64encode(content)


def quoted(content: bytes) -> bytes:
    """As a program does that knows nothing of lines."""
    return b"".join(b"=%02X" % byte for byte in content)


ENCODINGS = {b"8bit": as_is, b"base64": one_line, b"quoted-printable": quoted}
LEAVES = st.builds(
    lambda kind, encoding, content: (
        b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (kind, encoding, ENCODINGS[encoding](content))
    ),
    st.sampled_from([b"text/plain; charset=utf-8", b"text/html", b"application/zip", b'image/png; name="a b"']),
    st.sampled_from(sorted(ENCODINGS)),
    CONTENTS,
)


def multipart(depth: int, parts: list[bytes]) -> bytes:
    boundary = b"=_%d" % depth
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\npreamble\r\n%b--%b--\r\n' % (boundary, body, boundary)


def forwarded(part: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n" + part


SHALLOW = st.one_of(LEAVES, st.lists(LEAVES, min_size=1, max_size=3).map(lambda parts: multipart(2, parts)))
PARTS = st.one_of(SHALLOW, SHALLOW.map(forwarded))
TREES = st.one_of(PARTS, st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: multipart(1, parts)))
SUBJECTS = st.lists(st.text("abcü€😀", min_size=1), min_size=1, max_size=8).map(" ".join)


@given(TREES, SUBJECTS, st.sampled_from([b"\r\n", b"\n", b"\r\r\n"]), st.booleans())
def test_the_parts_hold_what_they_held(tree: bytes, subject: str, end: bytes, nul: bool) -> None:
    whole = b"From: Ann <a@b>\r\nSubject: " + subject.encode() + b"\r\nMIME-Version: 1.0\r\n" + tree
    damaged = whole.replace(b"\r\n", end)
    if nul:
        damaged = damaged.replace(b"preamble", b"pre\0amble").replace(b"Subject: ", b"Subject: \0", 1)
    repair = repaired(damaged)
    better = damaged if repair is None else repair.data
    assert well_formed(better)
    assert [folded(content) for content in contents(better)] == [folded(content) for content in contents(whole)]
    assert canonical(better) == canonical(whole)


def test_all_of_the_corpus_ends_well_formed_and_says_the_same(corpus: list[bytes]) -> None:
    meant = {FROM, GAP, ODD, "blanks before a colon removed", "blanks before the first header removed"}
    meant |= {"a line that goes on a header indented", "a byte order mark removed"}
    others = 0
    for data in corpus:
        repair = repaired(data)
        if repair is None:
            continue
        assert repaired(repair.data) is None
        if meant.isdisjoint(repair.changes) and b"\r\r\n" not in data:
            others += 1
            assert canonical(repair.data) == canonical(data)
    assert others > 20


def test_quoted_printable_reads_the_same_everywhere() -> None:
    """By the two decoders there are."""
    text = b" leading\tand trailing \r\n.\r\nFrom here\r\n=3D\r\n" + LONG + b"\r\n"
    repair = repaired(HEADER + b"\r\n" + text)
    assert repair is not None
    body = repair.data.partition(b"\r\n\r\n")[2]
    assert binascii.a2b_qp(body) == quopri.decodestring(body) == text
