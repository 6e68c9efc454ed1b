"""The instants at which a run is killed, by name, in the order of a pass.

Each must come in some scenario (tests/crash/test_matrix.py), on both kinds of destination where both have it: what the
program renames or leaves out is missed there.
"""

from collections.abc import Mapping
from typing import Any

from tests.crash.hooks import Calls, Instant, When


def _before(target: str, inside: Calls | None = None) -> Instant:
    return Instant(When.BEFORE, Calls(target), inside)


def _after(target: str, inside: Calls | None = None) -> Instant:
    return Instant(When.AFTER, Calls(target), inside)


def _durable(name: str, write: Calls) -> dict[str, Instant]:
    """Around one kind of write to the store: not begun; done, and not on the disk; on the disk, and not known to be."""
    return {
        f"{name}: not begun": Instant(When.BEFORE, write),
        f"{name}: not committed": _after("core.store.writer:Writer._try", write),
        f"{name}: committed": _after("core.store.pair:Fence.write", write),
    }


def _around(name: str, calls: Calls) -> dict[str, Instant]:
    return {f"before {name}": Instant(When.BEFORE, calls), f"after {name}": Instant(When.AFTER, calls)}


def _sent(name: str, target: str, inside: Calls) -> dict[str, Instant]:
    """So much of a request has left."""
    calls = Calls(target)
    return {
        f"{name}: one byte sent": Instant(When.FIRST_BYTE, calls, inside),
        f"{name}: half sent": Instant(When.HALF, calls, inside),
        f"{name}: all sent": Instant(When.ALL, calls, inside),
    }


def _gives(*names: str) -> Any:
    """Whether any of these arguments of a call holds anything."""

    def which(arguments: Mapping[str, Any]) -> bool:
        return any(arguments.get(name) for name in names)

    return which


def _took(arguments: Mapping[str, Any]) -> bool:
    return any(result.took is not None for result in arguments.get("results", ()))


def _adopts(arguments: Mapping[str, Any]) -> bool:
    return any(
        result.outcome.value == "already_there" and result.took is None for result in arguments.get("results", ())
    )


def _alters(name: str) -> Any:
    """Whether any of these results or intents is of a message in another form than at the source."""

    def which(arguments: Mapping[str, Any]) -> bool:
        return any(one.alteration is not None for one in arguments.get(name, ()))

    return which


_INTENT = Calls("core.store.ledger:Ledger.commit", _gives("intents"))
_RESULT = Calls("core.store.ledger:Ledger.commit", _gives("results"))
_LOOK = Calls("core.sync.doubt:look")
_FOLLOW = Calls("core.sync.identity:Identity._follow")
_SEARCH = Calls("core.sync.adoption:Adoption.search")

#: Of every run.
_COMMON: dict[str, Instant] = {
    # A run begins.
    "store: tables not made": _before("core.store.schema:metadata.create_all"),
    "store: tables not committed": _after("core.store.schema:metadata.create_all"),
    **_around("the batch's lease", Calls("core.store.lease:Runner.take")),
    "batch noted": _after("core.store.batches:Batches.add"),
    **_around("the pair's lease", Calls("core.store.lease:Runner.take_pair")),
    "signed in at the source": _after("core.imap.source:ImapSource.connect"),
    "destination's folders listed": _after("core.sync.places:Places.look"),
    # Look-up of what is in doubt.
    **_durable("doubt: when it ended", Calls("core.store.ledger:Ledger.ended", _gives("uids"))),
    **_around("doubt: looking it up", Calls("core.sync.doubt:look_up")),
    "doubt: found, not recorded": Instant(When.BEFORE, _RESULT, _LOOK),
    "doubt: found, recorded": Instant(When.AFTER, _RESULT, _LOOK),
    "doubt: settling": _before("core.engine.steering:PassControl.wait", Calls("core.sync.doubt:settle")),
    **_durable("doubt: absent", Calls("core.store.ledger:Ledger.withdraw", _gives("uids"))),
    # The plan and the listing.
    **_around("the plan", Calls("core.sync.mailbox_pass:plan_folders")),
    "source folder opened": _after("core.imap.source:ImapSource.examine"),
    **_durable("new folder", Calls("core.store.ledger_folder:LedgerFolders.add")),
    **_durable("folder's place", Calls("core.store.ledger_folder:LedgerFolders.place")),
    "UIDs listed": _after("core.imap.source:ImapSource.uids"),
    **_durable("gone messages", Calls("core.store.ledger:Ledger.gone", _gives("uids"))),
    **_durable("new messages", Calls("core.store.ledger:Ledger.listed", _gives("messages"))),
    # A folder whose UIDVALIDITY changed.
    "old folder: messages gone, still current": _before("core.store.ledger_folder:LedgerFolders.retire"),
    "old folder: retired": _after("core.store.ledger_folder:LedgerFolders.retire"),
    # A renamed folder.
    **_durable("rename intended", Calls("core.store.ledger_folder:LedgerFolders.renaming")),
    **_durable("rename followed", Calls("core.store.ledger_folder:LedgerFolders.moved")),
    "renamed folder: not recorded": _before("core.store.ledger_folder:LedgerFolders.renamed"),
    "renamed folder: recorded without its place": Instant(
        When.BEFORE, Calls("core.store.ledger_folder:LedgerFolders.place"), _FOLLOW
    ),
    "renamed folder: recorded": Instant(When.AFTER, Calls("core.store.ledger_folder:LedgerFolders.place"), _FOLLOW),
    # Flags.
    **_durable("flags", Calls("core.store.ledger:Ledger.carried", _gives("flags"))),
    # What was there before us.
    **_around("the search for what was there", _SEARCH),
    "adopted, not recorded": Instant(When.BEFORE, Calls("core.store.ledger:Ledger.commit", _adopts)),
    "adopted, recorded": Instant(When.AFTER, Calls("core.store.ledger:Ledger.commit", _adopts)),
    # Messages.
    **_around("the fetch of messages", Calls("core.imap.fetch:Bodies._batch")),
    "messages handed over": _after("core.sync.channel:Channel.put"),
    **_durable("intent", _INTENT),
    **_durable("result", _RESULT),
    # Messages that are refused for their form.
    "refused: form chosen": _after("core.sync.repairing:Repairing.refused"),
    **_around("keeping an original", Calls("core.store.originals:Originals.keep")),
    "original: named, not on the disk": _before("core.store.originals:_sync"),
    **_durable("intent for another form", Calls("core.store.ledger:Ledger.commit", _alters("intents"))),
    **_durable("result of another form", Calls("core.store.ledger:Ledger.commit", _alters("results"))),
    # Moved messages.
    "moved copy: not recorded": Instant(When.BEFORE, Calls("core.store.ledger:Ledger.commit", _took)),
    "moved copy: recorded": Instant(When.AFTER, Calls("core.store.ledger:Ledger.commit", _took)),
    # The pass ends.
    **_durable("adoption's end", Calls("core.store.ledger_folder:LedgerFolders.adopted")),
    **_durable("baseline", Calls("core.store.ledger_folder:LedgerFolders.advance")),
    **_durable("end of the pass", Calls("core.store.ledger:Ledger.finish_pass")),
    **_around("the lease's release", Calls("core.store.lease:Runner.give_back")),
}


def _destination(kind: str) -> dict[str, Instant]:
    """Of every destination's methods."""
    return {
        "signed in at the destination": _after(f"{kind}.connect"),
        **_around("making a folder", Calls(f"{kind}.create_folder")),
        **_around("renaming a folder", Calls(f"{kind}.rename_folder")),
        "mark taken": _after(f"{kind}.mark"),
        "answer came": _after(f"{kind}.write"),
        **_around("changing flags", Calls(f"{kind}.change_flags")),
        **_around("moving a copy", Calls(f"{kind}.move")),
    }


_ENVELOPE = "core.exchange.soap:Envelope.__iter__"
_EXCHANGE = "core.exchange.destination:ExchangeDestination"

EXCHANGE: dict[str, Instant] = {
    **_COMMON,
    **_destination(_EXCHANGE),
    "folder made": _after("core.exchange.folders:create"),
    "folder moved, not yet renamed": _after("core.exchange.folders:move"),
    "what was there: read": _after("core.exchange.find:_page", _SEARCH),
    **_sent("request", _ENVELOPE, Calls("core.exchange.create_item:create")),
    "answer not read": _before("core.exchange.session:read", Calls("core.exchange.create_item:create")),
    **_sent("flags", _ENVELOPE, Calls("core.exchange.items:_update")),
    **_sent("MOVE", _ENVELOPE, Calls("core.exchange.items:move")),
}

_WIRE = "core.imap.wire:Wire.send"
_IMAP = "core.imap.destination:ImapDestination"

_IMAP_ANY: dict[str, Instant] = {
    **_COMMON,
    **_destination(_IMAP),
    "folder made": _after("core.imap.tree:FolderTree._create"),
    "probing for a rename": _after("core.imap.connection:Connection.run", Calls("core.imap.tree:keeps_uids")),
    **_around("subscribing a renamed folder", Calls("core.imap.tree:FolderTree._subscribe_anew")),
    "what was there: read": _after("core.imap.lookup:fingerprints", _SEARCH),
    **_sent("request", _WIRE, Calls("core.imap.append:Pipeline.run")),
    "one answer read": _after("core.imap.append:Pipeline._read"),
    **_sent("flags", _WIRE, Calls(f"{_IMAP}.change_flags")),
}
_MOVE = _sent("MOVE", _WIRE, Calls("core.imap.moving:move"))
_NO_MOVE: dict[str, Instant] = {
    **_around("copying", Calls("core.imap.moving:copy")),
    **_around("expunging", Calls("core.imap.moving:expunge")),
    "copied, marked as deleted": _after("core.imap.connection:Connection.order", Calls("core.imap.moving:expunge")),
}

KINDS: Mapping[str, Mapping[str, Instant]] = {
    "ews": EXCHANGE,
    "imap": _IMAP_ANY | _MOVE,
    "imap without MOVE": _IMAP_ANY | _NO_MOVE,
}
