"""Header blocks: in order and out of it, folded well and badly, doubled, missing, and what is none at all."""

from datetime import datetime

from hypothesis import strategies as st

from tests.generated.words import sound_values, texts, values

_DATES = (
    "Tue, 5 Mar 2019 06:07:08 +0000",
    "5 Mar 19 06:07 EST",
    "Mon, 31 Dec 2001 23:59:60 -0800",
    "Tue, 21 Apr 2020 15:40:22 +0200 (CEST)",
    "Fri, 13 Sep 1752 12:00:00 +1345",
    "Mon, 01 Jan 1601 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 -0000",
    "Wed, 31 Dec 1969 23:59:59 -0930",
    "Tue, 19 Jan 2038 03:14:08 +0000",
    "Fri, 31 Dec 9999 23:59:59 +1400",
    "sunday, 2 february 2014 8:7:6 +2400",
    "Tue, 30 Feb 2010 25:61:61 +9999",
    "2019-03-05T06:07:08Z",
    "yesterday",
    "",
)
_ADDRESSES = (
    b"ann@old.example",
    b"Ann <ann@old.example>",
    b'"Ann, the \\"first\\"" <ann@old.example>',
    b"Ann & Ben<both@old.example>",
    b"ann@old.example (Ann)",
    b"undisclosed-recipients:;",
    b"Team: ann@old.example, Ben <ben@old.example>;, cid@old.example",
    b"<@relay.example:ann@old.example>",
    b"=?utf-8?q?J=C3=BCrgen?= <juergen@old.example>",
    b'"=?utf-8?q?J=C3=BCrgen?=" <juergen@old.example>',
    "jürgen@bücher.example".encode(),
    b"Ann <ann@old.example",
    b"<>",
    b"not an address",
)
_NAMES = (
    "Received", "Return-Path", "Reply-To", "Sender", "To", "Cc", "Bcc", "References", "In-Reply-To", "X-Spam-Status",
    "List-Unsubscribe", "DKIM-Signature", "X-Priority", "Importance", "Sensitivity", "Disposition-Notification-To",
    "Resent-From", "X-Mozilla-Status", "Status", "Lines", "Content-Length", "Content-Language",
)  # fmt: skip
_UNSTRUCTURED = ("X-Spam-Status", "List-Id", "X-Mailer", "Organization", "Comments", "Keywords", "Received")
#: What stands in real headers and is no field.
_ODD_LINES = (
    b"From ann@old.example Tue Mar  5 06:07:08 2019",
    b">From ann@old.example Tue Mar  5 06:07:08 2019",
    b"no colon here",
    b": no name",
    b"Blank : before the colon",
    b"\xefX-Eight\xff: bit name",
    b"X-Nul: a\0b",
    b"X-Return: a\rb",
    b"X-Long: " + b"y" * 12_000,
    b"X-Empty:",
    b"X-Command: 1\r\n\tA1 LOGOUT",
    b"X-Literal: {10}",
)
_FOLDS = (b"\r\n ", b"\r\n ", b"\r\n\t", b"\r\n  \t ", b"\r\n \r\n ", b"\n ")


@st.composite
def _folded(draw: st.DrawFn, value: bytes) -> bytes:
    """A value, folded at some of its blanks."""
    if b" " not in value or draw(st.integers(0, 2)):
        return value
    fold = draw(st.sampled_from(_FOLDS))
    return value.replace(b" ", fold, draw(st.integers(1, 3)))


def _dates() -> st.SearchStrategy[bytes]:
    zones = st.sampled_from(("+0000", "-0000", "+0530", "-0330", "+1345", "+1400", "-1200", "GMT", "PDT", "Z", ""))
    regular = st.builds(
        lambda moment, zone: f"{moment:%a, %d %b} {moment.year:04d} {moment:%H:%M:%S} {zone}".encode(),
        st.datetimes(),
        zones,
    )
    return st.one_of(st.sampled_from(_DATES).map(str.encode), regular)


def _addresses() -> st.SearchStrategy[bytes]:
    named = st.builds(lambda name: name + b" <a@old.example>", values())
    one = st.one_of(st.sampled_from(_ADDRESSES), st.sampled_from(_ADDRESSES), named)
    return st.lists(one, min_size=1, max_size=4).map(b", ".join)


@st.composite
def _field(draw: st.DrawFn) -> bytes:
    """One field that a reader looks at, or any other."""
    name = draw(st.sampled_from(("Date", "From", "To", "Cc", "Subject", "Subject", "Message-ID", "other", "odd")))
    match name:
        case "Date":
            value = draw(_dates())
        case "From" | "To" | "Cc":
            value = draw(_addresses())
        case "Message-ID":
            value = draw(st.sampled_from((b"<1@old.example>", b"no brackets", b"<two> <ids>", b"< spaced @ x >", b"")))
        case "other":
            name = draw(st.sampled_from(_NAMES))
            value = draw(st.one_of(values(), _addresses()))
        case "odd":
            return draw(st.sampled_from(_ODD_LINES)) + b"\r\n"
        case _:
            value = draw(values())
    spelt = draw(st.sampled_from((name, name, name, name.upper(), name.lower()))).encode()
    colon = draw(st.sampled_from((b": ", b": ", b": ", b":", b":\t", b":  ", b" : ", b":\r\n ")))
    return spelt + colon + draw(_folded(value)) + b"\r\n"


@st.composite
def sound_blocks(draw: st.DrawFn) -> bytes:
    """The fields of a message above those that describe its body, all in good form."""
    moment = draw(st.datetimes(datetime(1980, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
    zone = draw(st.sampled_from(("+0000", "-0000", "+0530", "-0330", "+1345", "-1200", "+0200 (CEST)")))
    fields = [
        b"Message-ID: <%d@old.example>\r\n" % draw(st.integers(0, 10**9)),
        f"Date: {moment:%a, %d %b %Y %H:%M:%S} {zone}\r\n".encode(),
        b"From: " + draw(st.sampled_from(_ADDRESSES[:3])) + b"\r\n",
        b"To: " + draw(st.sampled_from(_ADDRESSES[:7])) + b"\r\n",
        b"Subject: " + draw(_folded(draw(sound_values()))) + b"\r\n",
        *draw(st.lists(st.builds(lambda name, value: name.encode() + b": " + value + b"\r\n",
                                 st.sampled_from(_UNSTRUCTURED), sound_values()), max_size=4)),
    ]  # fmt: skip
    return b"".join(draw(st.permutations(fields)))


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """The fields of a message above those that describe its body; what a message usually has, or any of it."""
    fields = draw(st.lists(_field(), max_size=7))
    if draw(st.integers(0, 5)):
        number = draw(st.integers(0, 10**9))
        subject = draw(texts).encode("ascii", "ignore")
        fields += [
            b"Message-ID: <%d@old.example>\r\n" % number,
            b"Date: " + draw(_dates()) + b"\r\n",
            b"From: " + draw(_addresses()) + b"\r\n",
            b"Subject: " + subject.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n",
        ]
        fields = draw(st.permutations(fields))
    return b"".join(fields)
