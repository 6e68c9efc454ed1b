"""Bodies: texts and files in every encoding, nested and side by side, and what breaks the rules for that."""

import base64
import quopri

from hypothesis import strategies as st

from tests.generated.words import CHARSETS, SOUND, TEXTS, encoded, encoded_word, holds, texts

_TYPES = (
    b"application/octet-stream", b"application/pdf", b"image/png", b"text/calendar; method=REQUEST",
    b"application/ms-tnef", b"text/html", b"text/plain", b"message/delivery-status", b"application/pgp-signature",
    b"text/x-vcard", b"nonsense", b"*/*", b"",
)  # fmt: skip
_KINDS = ("mixed", "alternative", "related", "digest", "signed", "report", "parallel", "x-unknown")
_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64", "BASE64", "x-uuencode", "nonsense", "")
_BOUNDARIES = (b"b", b"=_next", b"a b", b"--", b"'()+_,-./:=?", b"x" * 70, b"")
#: Lines that mean something to a mailbox file, to SMTP, to IMAP or to MIME.
_LINES = (
    b"From here on",
    b".",
    b"..",
    b"A1 LOGOUT",
    b"{10}",
    b"* BYE",
    b"--b",
    b"--b--",
    b"--",
    b"=3D=\r\n=",
    b"begin 644 x",
    b"w" * 1_200,
    b"nul\0",
    b"return\r",
    b"\xff\xfe\x80",
    b"\x1b[31mred",
    b"",
)
_SHAPES = ("plain", "plain", "text", "text", "html", "lines", "many", "bytes")


def _transfer(data: bytes, encoding: str) -> bytes:
    """The data as it stands in a message in this transfer encoding."""
    match encoding.lower():
        case "base64":
            return base64.encodebytes(data).replace(b"\n", b"\r\n")
        case "quoted-printable":
            return quopri.encodestring(data).replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
        case _:
            return data


@st.composite
def _text(draw: st.DrawFn) -> bytes:
    """A text with its own fields above it."""
    charset = draw(st.sampled_from(CHARSETS))
    encoding = draw(st.sampled_from(_ENCODINGS))
    shape = draw(st.sampled_from(_SHAPES))
    subtype = b"html" if shape == "html" else draw(st.sampled_from((b"plain", b"plain", b"html", b"enriched")))
    match shape:
        case "plain":
            data = b"Hello,\r\n\r\nplain text.\r\n"
        case "text":
            data = encoded("\r\n".join(draw(st.lists(texts, max_size=3))), charset)
        case "html":
            words = draw(texts)
            data = encoded(f"<html><body><p>{words}</p><img src='cid:1@x'></body></html>\r\n", charset)
        case "lines":
            data = b"\r\n".join(draw(st.lists(st.sampled_from(_LINES), max_size=5)))
        case "many":
            data = draw(st.sampled_from(_LINES)) * draw(st.integers(1, 600)) + b"\r\n"
        case _:
            data = draw(st.binary(max_size=60))
    fields = b"Content-Type: text/" + subtype
    if charset:
        form = draw(st.sampled_from((b'; charset="%b"', b"; charset=%b", b";\r\n charset=%b", b"; CHARSET = %b ")))
        fields += form % charset.encode()
    body = _transfer(data, encoding)
    if draw(st.integers(0, 12)) == 0:  # not what it says
        body = body[: draw(st.integers(0, 40))] + draw(st.sampled_from((b"=\r\n", b"=ZZ", b"!?", b"\x80", b"")))
    return fields + b"\r\n" + _encoding(encoding) + b"\r\n" + body


@st.composite
def _file(draw: st.DrawFn) -> bytes:
    """An attachment, with a name in one of the ways that names are written."""
    name = draw(texts)
    quoted = encoded(name, "utf-8").replace(b"\r", b"").replace(b"\n", b"").replace(b'"', b"")
    percent = b"".join(b"%%%02X" % byte for byte in encoded(name, "utf-8"))
    named = draw(
        st.sampled_from((
            b"",
            b'; filename="report.pdf"',
            b"; filename=report final.pdf",
            b'; filename="../../etc/passwd"',
            b'; filename="' + quoted + b'"',
            b'; filename="' + encoded_word(name, "utf-8", "b") + b'"',
            b";\r\n filename*=utf-8''" + percent,
            b";\r\n filename*0*=utf-8''" + percent[:30] + b";\r\n filename*1=tail.pdf",
            b"; filename*=broken",
        ))
    )  # fmt: skip
    encoding = draw(st.sampled_from(("base64", "base64", *_ENCODINGS)))
    data = draw(st.binary(max_size=40)) * draw(st.sampled_from((1, 1, 1, 40, 2_000)))
    disposition = draw(st.sampled_from((b"attachment", b"attachment", b"inline", b"form-data", b"nonsense")))
    return (
        b"Content-Type: " + draw(st.sampled_from(_TYPES)) + b"\r\n"
        b"Content-Disposition: " + disposition + named + b"\r\n"
        + draw(st.sampled_from((b"", b"Content-ID: <1@x>\r\n", b"Content-Description: x\r\n")))
        + _encoding(encoding) + b"\r\n" + _transfer(data, encoding)
    )  # fmt: skip


def _encoding(name: str) -> bytes:
    return b"Content-Transfer-Encoding: " + name.encode() + b"\r\n" if name else b""


@st.composite
def _multipart(draw: st.DrawFn, inner: st.SearchStrategy[bytes]) -> bytes:
    """Several parts, or none; the boundary may be missing, in the way, or never closed."""
    boundary = draw(st.sampled_from(_BOUNDARIES))
    kind = draw(st.sampled_from(_KINDS)).encode()
    declared = draw(st.sampled_from((b'; boundary="%b"', b'; boundary="%b"', b";\r\n\tboundary=%b", b"; type=x")))
    parts = draw(st.lists(inner, max_size=4))
    before = draw(st.sampled_from((b"", b"", b"This is a message in several parts.\r\n", b"\r\n\r\n")))
    end = draw(st.sampled_from((b"--" + boundary + b"--\r\n",) * 4 + (b"", b"--" + boundary + b"--", b"epilogue\r\n")))
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    fields = b"Content-Type: multipart/" + kind + (declared % boundary if b"%b" in declared else declared)
    return b"".join((fields, b"\r\n\r\n", before, body, end))


def _nested(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A message in a message."""
    heads = st.sampled_from((
        b"Subject: inner\r\nFrom: ben@old.example\r\nDate: Tue, 5 Mar 2019 06:07:08 +0000\r\n",
        b"Subject: =?utf-8?q?=C3=BC?=\r\n",
        b"From ben Tue Mar  5 06:07:08 2019\r\n",
        b"",
    ))  # fmt: skip
    around = st.sampled_from((b"", b"Content-Disposition: attachment; filename=x.eml\r\n"))
    return st.builds(lambda above, head, part: b"Content-Type: message/rfc822\r\n" + above + b"\r\n" + head + part,
                     around, heads, inner)  # fmt: skip


#: Everything below the first fields of a message: the fields that describe it, an empty line, and the content.
bodies = st.recursive(
    st.one_of(_text(), _text(), _file()), lambda inner: st.one_of(_multipart(inner), _nested(inner)), max_leaves=6
)


@st.composite
def _sound_text(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5))
    text = "".join(f"{line}\r\n" for line in lines)
    charset = next(name for name in (draw(st.sampled_from(SOUND)), "utf-8") if holds(name, text))
    encoding = draw(st.sampled_from(("quoted-printable", "base64", "8bit")))
    subtype = draw(st.sampled_from(("plain", "html", "calendar")))
    head = f'Content-Type: text/{subtype}; charset="{charset}"\r\n'
    return b"".join((head.encode(), _encoding(encoding), b"\r\n", _transfer(encoded(text, charset), encoding)))


_TYPED = st.sampled_from(_TYPES[:3])


@st.composite
def _sound_file(draw: st.DrawFn) -> bytes:
    name = draw(st.sampled_from((b'="report.pdf"', b"*=utf-8''Pr%C3%BCfung.pdf", b'="a b.pdf"')))
    data = draw(st.binary(min_size=1, max_size=40)) * draw(st.sampled_from((1, 7, 900)))
    head = b"Content-Type: %b\r\nContent-Disposition: attachment; filename%b\r\n" % (draw(_TYPED), name)
    return b"".join((head, _encoding("base64"), b"\r\n", _transfer(data, "base64")))


def _sound_multipart(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    kinds = st.sampled_from((b"mixed", b"alternative", b"related"))

    def build(kind: bytes, parts: list[bytes]) -> bytes:
        # Unlike the boundary of any part within.
        boundary = b"=_%d" % len(b"".join(parts))
        body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
        head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n'
        return head + body + b"--" + boundary + b"--\r\n"

    return st.builds(build, kinds, st.lists(inner, min_size=1, max_size=4))


#: The same as `bodies`, all in good form.
sound_bodies = st.recursive(st.one_of(_sound_text(), _sound_text(), _sound_file()), _sound_multipart, max_leaves=6)


@st.composite
def deep(draw: st.DrawFn) -> bytes:
    """One part inside so many others that readers give up."""
    levels = draw(st.sampled_from((12, 40, 120)))
    head = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(levels))
    return head + draw(_text()) + b"".join(b"\r\n--%d--\r\n" % number for number in reversed(range(levels)))
