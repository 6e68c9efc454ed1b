"""Text as headers carry it: in many scripts, in charsets right and wrong, in encoded words whole and broken."""

import base64
import quopri

from hypothesis import strategies as st

#: What people write, and what is there to confuse: other directions, composed and not, invisible, controls.
TEXTS = (
    "Invoice",
    "Re: Fwd: [list] weekly report",
    "Grüße aus Köln",
    "naïve cafe\u0301",
    "Привет, мир",
    "会議の議事録",
    "한국어 제목",
    "שלום עולם",
    "مرحبا بالعالم",
    "Ελληνικά",
    "\U0001f600 emoji \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a\u202eb\u2066c",
    "quotes \" ' \\ <x@y>, (comment); =?not?= {3}",
    "[Gmail] [/red] %s {name}",
    "x" * 300,
    "many  blanks\tand tabs ",
    "",
)

CHARSETS = (
    "us-ascii", "utf-8", "iso-8859-1", "iso-8859-15", "windows-1252", "iso-2022-jp", "euc-jp", "gb2312", "gb18030",
    "big5", "euc-kr", "koi8-r", "windows-1256", "iso-8859-8", "utf-7", "utf-16", "x-unknown", "unknown-8bit", "",
)  # fmt: skip

texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))


#: Charsets that hold what is said in them, whoever reads it.
SOUND = ("utf-8", "utf-8", "iso-8859-1", "windows-1252", "koi8-r", "iso-2022-jp", "euc-kr", "big5", "windows-1256")


def holds(charset: str, text: str) -> bool:
    """Whether a charset has every character of a text."""
    try:
        return text.encode(charset).decode(charset) == text
    except UnicodeError:
        return False


def encoded(text: str, charset: str) -> bytes:
    """The text in a charset; what that cannot hold becomes question marks, what nobody knows is UTF-8."""
    try:
        return text.encode(charset or "utf-8", "replace")
    except LookupError:
        return text.encode()


def encoded_word(text: str, charset: str, how: str) -> bytes:
    """An encoded word (RFC 2047); `how` also names some that are broken."""
    data = encoded(text, charset)
    name = charset.encode()
    q = quopri.encodestring(data, quotetabs=True, header=True).replace(b"=\n", b"").replace(b"?", b"=3F")
    b = base64.b64encode(data)
    match how:
        case "q":
            return b"=?" + name + b"?q?" + q + b"?="
        case "b":
            return b"=?" + name + b"?B?" + b + b"?="
        case "language":
            return b"=?" + name + b"*en?Q?" + q + b"?="
        case "two":  # a character may be cut in between
            half = len(data) // 2
            both = (base64.b64encode(piece) for piece in (data[:half], data[half:]))
            return b"\r\n ".join(b"=?" + name + b"?b?" + piece + b"?=" for piece in both)
        case "no padding":
            return b"=?" + name + b"?b?" + b.rstrip(b"=") + b"?="
        case "open":
            return b"=?" + name + b"?q?" + q
        case "blanks":
            return b"=?" + name + b"?q?" + q.replace(b"_", b" ") + b"?="
        case _:
            return b"=?" + name + b"?x?" + q + b"?="


_HOW = ("q", "b", "language", "two", "no padding", "open", "blanks", "unknown")


@st.composite
def sound_values(draw: st.DrawFn) -> bytes:
    """A header's value as RFC 5322 and RFC 2047 have it."""
    text = draw(st.sampled_from(TEXTS))
    if text.isascii() and "=?" not in text and draw(st.booleans()):
        return text.strip().encode("ascii")
    charset = next(name for name in (draw(st.sampled_from(SOUND)), "utf-8") if holds(name, text))
    return encoded_word(text, charset, draw(st.sampled_from(("q", "b"))))


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """A header's value: plain, in 8-bit, encoded, or any bytes; without line ends of its own."""
    text = draw(texts)
    match draw(st.sampled_from(("plain", "8-bit", "word", "word", "mixed", "bytes"))):
        case "plain":
            value = text.encode("ascii", "replace")
        case "8-bit":
            value = encoded(text, draw(st.sampled_from(CHARSETS)))
        case "word":
            value = encoded_word(text, draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(_HOW)))
        case "mixed":
            word = encoded_word(text, draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(_HOW)))
            value = b"before " + word + draw(st.sampled_from((b"after", b" after", b"\tafter", b'"', b"")))
        case _:
            value = draw(st.binary(max_size=40))
    return value.replace(b"\r", b"").replace(b"\n", b"") if draw(st.integers(0, 30)) else value
