"""FindItem: restrictions, pages, what is cut."""

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawClient, equal, extended, message, named, tag

KEY = named("source-key")
MIME = b"From: a@example.org\r\nSubject: Hello\r\n\r\nHi\r\n"


@pytest.fixture
def stored(client: RawClient) -> RawClient:
    """Six keyed messages, a minute apart, and one without a key."""
    client.create(
        [message(MIME, key=f"k{n}", received=f"2019-03-04T05:0{n}:00Z") for n in range(6)]
        + [message(MIME, received="2018-01-01T00:00:00Z")]
    )
    return client


def keys(client: RawClient, restriction: str) -> list[str]:
    answer = client.find(KEY, restriction=restriction)
    assert answer.codes == ["NoError"]
    return sorted(answer.values("Value"))


def test_finds_by_key(stored: RawClient) -> None:
    assert keys(stored, equal(KEY, "k3")) == ["k3"]
    assert keys(stored, equal(KEY, "K3")) == ["k3"]  # Exchange ignores case
    assert keys(stored, equal(KEY, "k")) == []
    assert keys(stored, f"<t:Or>{equal(KEY, 'k1')}{equal(KEY, 'k4')}{equal(KEY, 'none')}</t:Or>") == ["k1", "k4"]
    assert keys(stored, f"<t:Exists>{KEY}</t:Exists>") == [f"k{n}" for n in range(6)]
    prefix = '<t:Contains ContainmentMode="Prefixed" ContainmentComparison="Exact">'
    assert keys(stored, f'{prefix}{KEY}<t:Constant Value="k"/></t:Contains>') == [f"k{n}" for n in range(6)]
    assert keys(stored, f'{prefix}{KEY}<t:Constant Value="K"/></t:Contains>') == []
    assert keys(stored, f'{prefix}{KEY}<t:Constant Value="[k]"/></t:Contains>') == []


def test_combines_conditions(stored: RawClient) -> None:
    received = '<t:FieldURI FieldURI="item:DateTimeReceived"/>'
    later = equal(received, "2019-03-04T05:03:00Z").replace("IsEqualTo", "IsGreaterThan")
    assert keys(stored, later) == ["k4", "k5"]
    both = f"<t:And><t:Exists>{KEY}</t:Exists><t:Not>{later}</t:Not></t:And>"
    assert keys(stored, both) == ["k0", "k1", "k2", "k3"]
    flags = tag(0x0E07, "Integer")
    assert len(keys(stored, equal(flags, "1"))) == 6
    assert keys(stored, f"<t:Or>{equal(KEY, 'k1')}{equal(flags, '9')}</t:Or>") == ["k1"]


def test_an_or_of_very_many_keys(stored: RawClient) -> None:
    many = "".join(equal(KEY, f"k{n}") for n in range(2000))
    assert keys(stored, f"<t:Or>{many}</t:Or>") == [f"k{n}" for n in range(6)]


def test_pages_newest_first(stored: RawClient) -> None:
    first = stored.find(KEY, size=4)
    assert first.values("Value") == ["k5", "k4", "k3", "k2"]
    offset, last, total = (
        first.attribute(n) for n in ("IndexedPagingOffset", "IncludesLastItemInRange", "TotalItemsInView")
    )
    assert (offset, last, total) == ("4", "false", "7")
    second = stored.find(KEY, size=4, start=4)
    assert second.values("Value") == ["k1", "k0"]
    assert len(second.ids()) == 3
    assert second.attribute("IncludesLastItemInRange") == "true"


def test_no_page_is_longer_than_a_thousand(client: RawClient) -> None:
    for start in range(0, 1010, 101):
        client.create([message(MIME, key=f"{start + n}") for n in range(101)])
    page = client.find(KEY, size=5000)
    assert len(page.ids()) == 1000
    assert page.attribute("IncludesLastItemInRange") == "false"
    assert len(client.find(KEY, size=5000, start=1000).ids()) == 10


def test_long_strings_are_cut_where_get_item_shows_them_whole(client: RawClient) -> None:
    item = client.create([message(MIME, key="x" * 300)]).ids()[0][0]
    assert client.find(KEY).values("Value") == ["x" * 255]
    assert client.get(item, KEY).values("Value") == ["x" * 300]
    assert client.find(KEY, restriction=equal(KEY, "x" * 300)).values("Value") == ["x" * 255]


def test_no_mime_comes_with_a_search(stored: RawClient) -> None:
    answer = stored.find('<t:FieldURI FieldURI="item:MimeContent"/><t:FieldURI FieldURI="item:Subject"/>')
    assert answer.values("MimeContent") == []
    assert answer.values("Subject") == ["Hello"] * 7


def test_lists_and_named_numbers(client: RawClient, ann: Mailbox) -> None:
    words = named("words", kind="StringArray")
    number = '<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="34144" PropertyType="Boolean"/>'
    values = "<t:Values><t:Value>a</t:Value><t:Value>b &amp; c</t:Value></t:Values>"
    more = f"<t:ExtendedProperty>{words}{values}</t:ExtendedProperty>{extended(number, '1')}"
    client.create([message(MIME, more=more)])
    assert ann.items("inbox")[0].properties["{00062008-0000-0000-c000-000000000046}/#34144 Boolean"] == "true"
    answer = client.find(words + number, restriction=equal(words, "b & c"))
    assert answer.values("Value") == ["a", "b & c", "true"]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (tag(0x8001, "Integer"), "ErrorInvalidExtendedProperty"),
        ('<t:ExtendedFieldURI PropertyName="x" PropertyType="String"/>', "ErrorInvalidExtendedProperty"),
    ],
)
def test_a_property_that_cannot_be_is_refused(stored: RawClient, uri: str, code: str) -> None:
    assert stored.find(uri).codes == [code]
    assert stored.find(restriction=equal(uri, "1")).codes == [code]


def test_sorts_as_asked(stored: RawClient) -> None:
    answer = stored.call(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        f"{KEY}</t:AdditionalProperties></m:ItemShape><m:SortOrder>"
        '<t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    )
    assert answer.values("Value") == [f"k{n}" for n in range(6)]
