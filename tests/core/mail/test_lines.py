from hypothesis import given
from hypothesis import strategies as st

from core.mail.lines import crlf, longest

TEXT = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b"b" * 7])).map(b"".join)


def lines(text: bytes) -> list[bytes]:
    """The slow way: a run of CRs before a LF is one line end with it, any other CR is one by itself."""
    found, line, at = [], b"", 0
    while at < len(text):
        rest = text[at:].lstrip(b"\r")
        if text[at : at + 1] in {b"\r", b"\n"}:
            at = len(text) - len(rest) + 1 if rest[:1] == b"\n" else at + 1
            found.append(line)
            line = b""
        else:
            line += text[at : at + 1]
            at += 1
    return [*found, line]


@given(TEXT)
def test_every_line_ends_with_crlf_and_keeps_its_text(text: bytes) -> None:
    assert crlf(text) == b"\r\n".join(lines(text))
    assert crlf(crlf(text)) == crlf(text)


@given(TEXT)
def test_the_longest_line(text: bytes) -> None:
    assert longest(crlf(text)) == max(map(len, lines(text)))
