"""Envelopes and answers by themselves: any bytes, any text, any nonsense of a server."""

import base64
import tempfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from core.exchange import soap
from core.exchange.soap import Envelope, NotSoapError, Request, attribute, clean, read, text
from core.mail.body import Body
from tests.core.exchange.host import soap as answer

TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"


def body_of(content: bytes) -> bytes:
    """The content of an HTTP answer."""
    return content.partition(b"\r\n\r\n")[2]


def fault(code: str, detail: str = "", said: str = "It failed.") -> bytes:
    """A SOAP fault, as Exchange writes it."""
    types, errors = (f"http://schemas.microsoft.com/exchange/services/2006/{each}" for each in ("types", "errors"))
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        f'<faultcode xmlns:a="{types}">a:{code}</faultcode><faultstring>{said}</faultstring>'
        f'<detail><e:ResponseCode xmlns:e="{errors}">{code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{errors}">{said}</e:Message>'
        f'<t:MessageXml xmlns:t="{types}">{detail}</t:MessageXml></detail></s:Fault></s:Body></s:Envelope>'
    ).encode()


@given(st.lists(st.one_of(st.binary(max_size=50), st.binary(max_size=900).map(Body.of)), max_size=8))
def test_an_envelope_is_as_long_as_it_says_and_can_be_sent_again(parts: Sequence[bytes | Body]) -> None:
    envelope = Envelope(Request("X", parts), None)
    first, second = b"".join(envelope), b"".join(envelope)
    assert first == second
    assert len(first) == len(envelope)
    expected = b"".join(part if isinstance(part, bytes) else base64.b64encode(part.read()) for part in parts)
    assert expected in first


def test_an_envelope_knows_how_far_it_came() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 600_000)
        envelope = Envelope(Request("X", [Body.spooled(file, 600_000)]), None)
        assert (envelope.begun, envelope.sent) == (False, False)
        pieces = iter(envelope)
        next(pieces)
        assert (envelope.begun, envelope.sent) == (True, False)
        assert len(list(pieces)) > 1
        assert envelope.sent
        next(iter(envelope))
        assert not envelope.sent


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_makes_xml_that_gives_it_back(value: str, address: str) -> None:
    part = f"<a x={attribute(value)}>{text(value)}</a>".encode()
    root = etree.fromstring(b"".join(Envelope(Request("X", [part]), address)))
    (element,) = root.iter("a")
    lines = clean(value).replace("\r\n", "\n").replace("\r", "\n")
    assert (element.text or "") == lines
    assert (root.findtext(f".//{TYPES}PrimarySmtpAddress") or "").split() == clean(address).split()


def test_a_fault_has_its_code_its_words_and_its_wait() -> None:
    wait = '<t:Value Name="BackOffMilliseconds">1500</t:Value>'
    reply = read(fault("ErrorServerBusy", wait), "CreateItem")
    assert reply.fault == soap.Answer("ErrorServerBusy", "It failed.", 1.5)


def test_a_fault_says_what_the_schema_missed() -> None:
    reply = read(fault("ErrorSchemaValidation", "<t:Violation>no such element</t:Violation>"), "CreateItem")
    assert reply.fault is not None
    assert reply.fault.said == "It failed. no such element"


def test_a_fault_without_detail_goes_by_its_faultcode() -> None:
    content = fault("ErrorX").replace(b"<e:ResponseCode", b"<e:Other").replace(b"</e:ResponseCode", b"</e:Other")
    reply = read(content, "CreateItem")
    assert reply.fault is not None
    assert reply.fault.code == "ErrorX"


def test_the_inner_code_is_the_one_that_counts() -> None:
    values = (
        '<m:MessageXml><t:Value Name="InnerErrorResponseCode">ErrorQuotaExceeded</t:Value>'
        '<t:Value Name="InnerErrorMessageText">Full.</t:Value></m:MessageXml>'
    )
    message = (
        '<m:CreateItemResponseMessage ResponseClass="Error"><m:MessageText>Failed.</m:MessageText>'
        f"<m:ResponseCode>ErrorInternalServerError</m:ResponseCode>{values}</m:CreateItemResponseMessage>"
    )
    (found,) = read(body_of(answer("CreateItem", message)), "CreateItem").answers
    assert (found.code, found.said, found.ok) == ("ErrorQuotaExceeded", "Failed. Full.", False)


@pytest.mark.parametrize(
    "reference", [b"&#x3;", b"&#3;", b"&#x1F;", b"&#x0B;", b"&#0;", b"&#xFFFE;", b"&#31;", b"&#x0;"]
)
def test_a_character_that_xml_has_not_spoils_no_answer(reference: bytes) -> None:
    said = "<m:MessageText>a?b&#10;&#x9;&#x26;</m:MessageText>"
    message = f'<m:XResponseMessage ResponseClass="Error">{said}</m:XResponseMessage>'
    content = body_of(answer("X", message)).replace(b"?", reference)
    (found,) = read(content, "X").answers
    assert found.said == "a\ufffdb\n\t&"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"<html></html>",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
        b"a&#x3;b",
        body_of(answer("GetFolder")),
    ],
)
def test_what_is_no_soap_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(NotSoapError):
        read(content, "CreateItem")


@given(st.data())
def test_an_answer_that_breaks_off_anywhere_is_none(data: st.DataObject) -> None:
    message = (
        '<m:XResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:XResponseMessage>'
    )
    content = body_of(answer("X", message, message))
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(NotSoapError):
        read(content[:cut], "X")
    assert [each.ok for each in read(content, "X").answers] == [True, True]


def test_no_entity_reads_a_file() -> None:
    content = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + fault("ErrorX", said="&e;")
    reply = read(content, "X")
    assert reply.fault is not None
    assert reply.fault.said == ""


@given(st.lists(st.one_of(st.binary(max_size=50), st.binary(max_size=900_000).map(Body.of)), max_size=3))
def test_a_meter_is_told_of_every_byte_of_an_envelope(parts: Sequence[bytes | Body]) -> None:
    told: list[int] = []

    class Counting:
        limited = True

        def __call__(self, size: int) -> None:
            told.append(size)

    envelope = Envelope(Request("X", parts), None, Counting())
    assert sum(map(len, envelope)) == sum(told) == len(envelope)
    assert max(told) < 1 << 20
