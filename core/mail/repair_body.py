"""Bodies of parts made such as every server takes them; what a part holds when it is decoded stays the same."""

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.mail.lines import LONGEST, crlf, longest
from core.mail.repair_head import Changes

_ENCODED_LINE = 76
_8BIT = bytes(range(0x80, 0x100))
_MOSTLY = 6  # one byte in so many is 8-bit: base64 is shorter then, and nobody could read quoted-printable either
_VALUE = re.compile(rb"[^\s;(]*")
_PARAMETER = re.compile(rb';\s*+([^\s;=*"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;\s"]*+)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_WIDE = re.compile(rb"utf-?(16|32)", re.IGNORECASE)
_IDENTITY = frozenset({b"", b"7bit", b"8bit", b"binary"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a part is, as its fields say: type and encoding in lower case, and the parameters that matter."""

    type: bytes
    encoding: bytes
    boundary: bytes
    wide: bool  # its characters have two bytes or more, of which many are NUL, CR or LF

    @classmethod
    def of(cls, fields: list[bytes], default: bytes) -> "Kind":
        """By the header fields of a part; `default` is its type where they say none."""
        content = value_of(fields, b"content-type") or b""
        name = _VALUE.match(content.strip())
        parameters = {found[1].lower(): _unquoted(found[2]) for found in _PARAMETER.finditer(content)}
        encoding = _VALUE.match((value_of(fields, b"content-transfer-encoding") or b"").strip())
        type_ = name[0].lower() if name is not None and b"/" in name[0] else default
        return cls(
            type_,
            encoding[0].lower() if encoding is not None else b"",
            parameters.get(b"boundary", b"").rstrip(),
            _WIDE.match(parameters.get(b"charset", b"")) is not None,
        )

    @property
    def unencoded(self) -> bool:
        """Whether its bytes are what it holds."""
        return self.encoding in _IDENTITY

    @property
    def text(self) -> bool:
        """Whether it is lines of text, as they are."""
        return self.type.startswith(b"text/") and not self.wide


def value_of(fields: list[bytes], name: bytes) -> bytes | None:
    """The value of the first field of that name (in lower case); None where there is none."""
    for field in fields:
        found, _, value = field.partition(b":")
        if found.strip().lower() == name:
            return value
    return None


def mended(body: bytes, kind: Kind, changes: Changes) -> tuple[bytes, bytes | None]:
    """The body of a part that holds no others, and the encoding that it has now, where that is a new one."""
    if kind.encoding in _BREAKS:
        body = plain(body, changes)
        if longest(body) > LONGEST:
            changes[f"encoded lines over {LONGEST} bytes broken"] = None
            body = b"".join(_broken(body, *_BREAKS[kind.encoding]))
        return body, None
    if not kind.unencoded or kind.type.startswith((b"message/", b"multipart/")):
        return plain(body, changes), None
    if not kind.text and (b"\0" in body or longest(body) > LONGEST):
        changes[f"an attachment with NUL bytes or lines over {LONGEST} bytes encoded as base64"] = None
        return _base64(body), b"base64"
    body = plain(body, changes)
    if longest(body) <= LONGEST:
        return body, None
    changes[f"text with lines over {LONGEST} bytes encoded"] = None
    if (len(body) - len(body.translate(None, _8BIT))) * _MOSTLY > len(body):
        return _base64(body), b"base64"
    return crlf(binascii.b2a_qp(body)), b"quoted-printable"


def plain(text: bytes, changes: Changes) -> bytes:
    """Lines as they have to be; a NUL has no place in text, and Outlook shows nothing of what comes after one."""
    if b"\0" in text:
        changes["NUL bytes removed"] = None
        text = text.replace(b"\0", b"")
    better = crlf(text)
    if better is not text:
        changes["line ends made CRLF"] = None
    return better


def around(text: bytes, changes: Changes) -> bytes:
    """What stands before the first part and after the last, which nobody is shown."""
    text = plain(text, changes)
    if longest(text) > LONGEST:
        changes[f"lines over {LONGEST} bytes outside of any part broken"] = None
        text = b"".join(_broken(text, _at_blank, b""))
    return text


def _base64(body: bytes) -> bytes:
    return base64.encodebytes(body).replace(b"\n", b"\r\n")


def _broken(text: bytes, cut: Callable[[bytes, int], int], mark: bytes) -> Iterator[bytes]:
    """A text in lines, those that are too long in pieces; `cut` says where one ends that begins at a place."""
    for line in io.BytesIO(text):
        if len(line) <= LONGEST:
            yield line
            continue
        start = 0
        while (end := cut(line, start)) < len(line.rstrip(b"\r\n")):
            yield line[start:end] + mark + b"\r\n"
            start = end
        yield line[start:]


def _anywhere(_: bytes, start: int) -> int:
    return start + _ENCODED_LINE


def _not_within(line: bytes, start: int) -> int:
    """Not within the three characters that stand for a byte."""
    end = start + _ENCODED_LINE - 1
    sign = line.rfind(b"=", end - 2, end)
    return end if sign < 0 else sign


def _at_blank(line: bytes, start: int) -> int:
    """After the last blank, if there is one."""
    return (
        max(line.rfind(b" ", start, start + LONGEST), line.rfind(b"\t", start, start + LONGEST)) + 1 or start + LONGEST
    )


def _unquoted(value: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", value[1:-1]) if value.startswith(b'"') else value


#: Where the lines of an encoding may be broken, and what stands at such a place.
_BREAKS: Mapping[bytes, tuple[Callable[[bytes, int], int], bytes]] = {
    b"base64": (_anywhere, b""),
    b"quoted-printable": (_not_within, b"="),
}
