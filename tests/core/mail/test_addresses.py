import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.addresses import is_list, mended
from core.mail.header_text import decoded


@pytest.mark.parametrize(
    "value",
    [
        b"a@b",
        b" Ann <ann@old.example>",
        b'"Ann, B." <a@b.example>, c@d',
        b"=?utf-8?q?J=C3=B6rg?= <a@b>",
        b"Ann (who (else)) <a@b> (again)",
        b"Dr. Ann X. <a@[127.0.0.1]>",
        b'"odd one"@b',
        b"\r\n Ann\r\n <a@b>",
        b"Undisclosed:;",
        b"Us: Ann <a@b>, c@d;",
    ],
)
def test_addresses(value: bytes) -> None:
    assert is_list(value)


@pytest.mark.parametrize(
    ("value", "better"),
    [
        (b"Ann, B <a@b>", b'"Ann, B" <a@b>'),
        (b"Ann [x] <a@b.example>", b'"Ann [x]" <a@b.example>'),
        (b"J\xc3\xb6rg <a@b>", b"=?utf-8?b?SsO2cmc=?= <a@b>"),
        (b"<a@b", b"a@b"),
        (b"Ann", b'"Ann" <unknown@sender.invalid>'),
        (b"", b"unknown@sender.invalid"),
        (b"Ann <a@b> or Bob <c@d>", b'"Ann <a@b> or Bob <c@d>" <unknown@sender.invalid>'),
        (b"ann at old.example (Ann)", b'"ann at old.example (Ann)" <unknown@sender.invalid>'),
        (b'a "b" \\', b'"a \\"b\\" \\\\" <unknown@sender.invalid>'),
        (b"j\xc3\xb6@b.example", b"=?utf-8?b?asO2QGIuZXhhbXBsZQ==?= <unknown@sender.invalid>"),
    ],
)
def test_what_is_no_address_becomes_one_with_its_text_as_the_name(value: bytes, better: bytes) -> None:
    assert not is_list(value)
    assert mended(value) == better


@given(st.binary())
def test_whatever_it_was_it_is_an_address_then(value: bytes) -> None:
    assert is_list(mended(value))


@given(st.text(st.characters(codec="utf-8")).filter(lambda text: text.isprintable() and "@" not in text))
def test_text_without_an_address_is_kept_whole(text: str) -> None:
    name = mended(text.encode()).rpartition(b" <unknown@sender.invalid>")[0]
    said = name[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\").decode() if name.startswith(b'"') else decoded(name)
    assert said == decoded(text.encode())
