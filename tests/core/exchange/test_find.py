"""Finding our own messages again: by token, page by page, whatever happens to the folder meanwhile."""

import socket

import pytest

from core.exchange import find
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder, Doubt, Outgoing
from core.ports.failure import Action, EndpointError
from tests.core.exchange.conftest import Box, inbox, outgoing, small
from tests.core.exchange.host import Host, request, soap
from tests.sandbox.outcomes import ItemError
from tests.sandbox.script import Request

TOKEN = "{81c7b681-0256-4601-9598-9b7d7498820e}/mailcutover-source-key String"


def fill(box: Box, count: int) -> list[Outgoing]:
    """So many messages of ours, put there past the protocol, and one of somebody else."""
    messages = [outgoing(number) for number in range(count)]
    mailbox = box.mailbox
    mailbox.put("inbox", small(0))
    for number, message in enumerate(messages):
        mailbox.put("inbox", small(number), properties={TOKEN: message.token})
    return messages


def test_everything_that_carries_a_token_is_present(box: Box) -> None:
    messages = fill(box, 2300)
    destination = box.connected()
    present = list(destination.present(inbox(destination)))
    assert sorted(each.token or "" for each in present) == sorted(message.token for message in messages)
    assert len({each.item for each in present}) == 2300
    assert all(each.canonical is None for each in present)
    assert box.operations().count("FindItem") == 3


def test_nothing_is_present_in_an_empty_folder(box: Box) -> None:
    destination = box.connected()
    assert list(destination.present(inbox(destination))) == []


def test_what_a_user_deletes_meanwhile_hides_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "_PAGE", 20)
    messages = fill(box, 30)
    destination = box.connected()
    folder = inbox(destination)
    present = destination.present(folder)
    first = next(present)
    box.mailbox.delete(first.item)
    found = [first.token, *(each.token for each in present)]
    assert len(found) == len(set(found))
    assert set(found) == {message.token for message in messages}


def test_a_folder_that_never_stands_still_is_an_error(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "_PAGE", 10)
    fill(box, 40)
    destination = box.connected()
    folder = inbox(destination)

    def delete_one(request: Request) -> bool:
        if request.operation == "FindItem":
            box.mailbox.delete(box.mailbox.items("inbox")[-1].id)
        return False

    box.server.when(delete_one)
    with pytest.raises(EndpointError) as caught:
        list(destination.present(folder))
    assert caught.value.failure.action is Action.RETRY


def page(item: str, *, last: bool) -> str:
    """One page with one message of ours, of a server that counts five in the folder."""
    return (
        '<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f'<m:RootFolder TotalItemsInView="5" IncludesLastItemInRange="{str(last).lower()}"><t:Items><t:Message>'
        f'<t:ItemId Id="{item}"/><t:ExtendedProperty><t:ExtendedFieldURI PropertyName="x" PropertyType="String"/>'
        f"<t:Value>token {item}</t:Value></t:ExtendedProperty></t:Message></t:Items></m:RootFolder>"
        "</m:FindItemResponseMessage>"
    )


def test_a_server_that_counts_otherwise_is_asked_twice(box: Box) -> None:
    def serve(client: socket.socket) -> None:
        while asked := request(client):
            last = b'Offset="1"' in asked
            client.sendall(soap("FindItem", page("B" if last else "A", last=last)))
            offsets.append(last)

    offsets: list[bool] = []
    with Host(serve) as host:
        present = list(box.open(url=host.url).present(DestinationFolder(FolderPath.of("X"), "ref")))
    assert [(each.item, each.token) for each in present] == [("A", "token A"), ("B", "token B")]
    assert offsets == [False, True, False, True]


def test_an_error_of_a_page_is_an_error(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    box.server.next("FindItem", ItemError("ErrorServerBusy"))
    with pytest.raises(EndpointError) as caught:
        list(destination.present(folder))
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.WAIT, False)


def test_many_doubts_take_few_requests(box: Box) -> None:
    messages = fill(box, 120)
    destination = box.connected()
    folder = inbox(destination)
    doubts = [Doubt(message.token, "", None, b"", 1) for message in messages]
    doubts += [Doubt(outgoing(number).token, "", None, b"", 1) for number in range(500, 510)]
    found = destination.look_up(folder, doubts, frozenset())
    assert set(found) == {message.token for message in messages}
    assert box.operations().count("FindItem") == 3


def test_a_token_is_not_found_by_its_beginning(box: Box) -> None:
    fill(box, 12)
    destination = box.connected()
    doubt = Doubt(outgoing(1).token, "", None, b"", 1)
    assert set(destination.look_up(inbox(destination), [doubt], frozenset())) == {doubt.token}


def test_of_two_with_one_token_the_known_one_is_kept(box: Box) -> None:
    (message,) = fill(box, 1)
    other = box.mailbox.put("inbox", small(0), properties={TOKEN: message.token})
    destination = box.connected()
    folder = inbox(destination)
    doubt = Doubt(message.token, "", None, b"", 1)
    assert destination.look_up(folder, [doubt], frozenset([other]))[message.token] != other
    assert [each.token for each in destination.present(folder)] == [message.token] * 2


def test_no_doubts_no_request(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    assert destination.look_up(folder, [], frozenset()) == {}
    assert "FindItem" not in box.operations()
