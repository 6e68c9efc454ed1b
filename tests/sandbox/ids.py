"""Ids as Exchange gives them: opaque, long, case-sensitive base64, different from mailbox to mailbox."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from tests.sandbox.soap import RefusedError, attribute

_FORM: Final = struct.Struct(">4scQQ")
_MARK: Final = b"PXid"


@dataclass(frozen=True, slots=True)
class Id:
    """What an id stands for: kind ``F`` (folder), ``I`` (item) or ``A`` (attachment), and two row numbers.

    The numbers are the mailbox's and the folder's or item's; for an attachment the item's and its place in it.
    """

    kind: str
    mailbox: int
    number: int

    def text(self) -> str:
        """The id as a client sees it."""
        core = _FORM.pack(_MARK, self.kind.encode(), self.mailbox, self.number)
        return base64.b64encode(core + _seal(core)).decode()


def parse(text: str, kind: str) -> Id:
    """The id behind a text. Raises RefusedError(ErrorInvalidIdMalformed) for what is none of ours."""
    try:
        raw = base64.b64decode(text, validate=True)
        core = raw[: _FORM.size]
        mark, found, mailbox, number = _FORM.unpack(core)
    except (binascii.Error, ValueError, struct.error):
        raise RefusedError("ErrorInvalidIdMalformed", "Id is malformed.") from None
    if mark != _MARK or raw[_FORM.size :] != _seal(core) or found.decode("ascii", "replace") != kind:
        raise RefusedError("ErrorInvalidIdMalformed", "Id is malformed.")
    return Id(kind, mailbox, number)


def item_id(mailbox: int, number: int, change: int) -> str:
    """A `t:ItemId` element."""
    return f'<t:ItemId Id="{Id("I", mailbox, number).text()}" ChangeKey="{change_key(change)}"/>'


def folder_id(mailbox: int, number: int, change: int, *, element: str = "FolderId") -> str:
    """A `t:FolderId` (or `t:ParentFolderId`) element."""
    return f'<t:{element} Id="{Id("F", mailbox, number).text()}" ChangeKey="{change_key(change)}"/>'


def attachment_id(item: int, place: int) -> str:
    """The id of an attachment."""
    return Id("A", item, place).text()


def alternate_id(text: str, form: str, mailbox: str) -> str:
    """An `m:AlternateId` element."""
    kind = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType"'
    return f'<m:AlternateId {kind} Format="{form}" Id={attribute(text)} Mailbox={attribute(mailbox)}/>'


def change_key(change: int) -> str:
    """A change key: base64, other after every change."""
    return base64.b64encode(b"CQAAABYAAAA" + struct.pack(">Q", change)).decode()


def _seal(core: bytes) -> bytes:
    """Filler that makes ids as long as real ones, and shows a damaged one."""
    return hashlib.blake2b(core, digest_size=64).digest()
