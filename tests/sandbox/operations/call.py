"""What every operation is given, and what many of them do the same way."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from lxml import etree

from tests.sandbox import extended, folders, ids, items
from tests.sandbox.access import Access, Actor
from tests.sandbox.folders import FolderRow, MailboxRow
from tests.sandbox.items import Item
from tests.sandbox.message import fields
from tests.sandbox.message.fields import Shape
from tests.sandbox.outcomes import ItemError
from tests.sandbox.script import mime_of
from tests.sandbox.soap import Answer, M, RefusedError, T
from tests.sandbox.throttling import Toll


@dataclass(frozen=True, slots=True)
class Call:
    """One request at work: inside a transaction, on behalf of somebody.

    Each item pays `toll`. `refusals` come from the script. `only` stops after that many items, for a connection that
    breaks half-way. `strict` takes no message whose form is wrong.
    """

    db: sqlite3.Connection
    payload: etree._Element
    access: Access
    actor: Actor
    toll: Toll
    refusals: tuple[ItemError, ...] = ()
    only: int | None = None
    strict: bool = False

    def each(
        self, elements: Iterable[etree._Element], one: Callable[[etree._Element], Answer], empty: str
    ) -> list[Answer]:
        """Answer each element by itself: a refused one is an error answer, with `empty` as its container."""
        answers: list[Answer] = []
        stopped = False
        for place, element in enumerate(elements, 1):
            if self.only is not None and place > self.only:
                break
            if stopped:
                text = "The batch of requests was stopped because of an earlier error."
                answers.append(Answer(empty, "ErrorBatchProcessingStopped", text, "Warning"))
                continue
            scripted = next((r for r in self.refusals if r.hits(place, partial(mime_of, element))), None)
            try:
                with self.toll():
                    answers.append(one(element) if scripted is None else _scripted(scripted))
            except RefusedError as refusal:
                answers.append(Answer(empty, refusal.code, refusal.text, "Error", refusal.values))
                stopped = refusal.stops
        return answers

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All of a block's changes, or none of them when it is left with an exception."""
        self.db.execute("SAVEPOINT one")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO one")
            raise
        finally:
            self.db.execute("RELEASE one")

    def child(self, name: str) -> etree._Element:
        """A child of the request, which the schema demands. Raises RefusedError(ErrorInvalidRequest) without one."""
        found = self.payload.find(f"{M}{name}")
        if found is None:
            raise RefusedError("ErrorInvalidRequest", f"The request has no {name}.")
        return found

    def folder(self, element: etree._Element) -> FolderRow:
        """The folder that a FolderId or DistinguishedFolderId names, when the actor may use it."""
        if element.tag == f"{T}FolderId":
            found = ids.parse(element.get("Id", ""), "F")
            folder = folders.get(self.db, found.number)
            self._allow(folders.mailbox_of(self.db, folder.mailbox))
            return folder
        if element.tag != f"{T}DistinguishedFolderId":
            raise RefusedError("ErrorInvalidFolderId", "This kind of folder id is not supported.")
        address = (element.findtext(f"{T}Mailbox/{T}EmailAddress") or "").strip()
        if not address:
            return folders.by_role(self.db, self.access.own(self.db, self.actor).id, element.get("Id", ""))
        mailbox = folders.find_mailbox(self.db, address)
        if mailbox is None:
            raise RefusedError("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        if not self.access.may(self.actor, mailbox):  # as Exchange hides what one may not see
            raise RefusedError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return folders.by_role(self.db, mailbox.id, element.get("Id", ""))

    def folder_in(self, name: str) -> FolderRow:
        """The one folder inside a child of the request, as in ParentFolderId."""
        holder = self.child(name)
        if not len(holder):
            raise RefusedError("ErrorInvalidFolderId", f"{name} names no folder.")
        return self.folder(holder[0])

    def item(self, element: etree._Element) -> tuple[Item, MailboxRow]:
        """The item that an ItemId names, and its mailbox, when the actor may use it."""
        if element.tag != f"{T}ItemId":
            raise RefusedError("ErrorInvalidIdMalformed", "This kind of item id is not supported.")
        found = ids.parse(element.get("Id", ""), "I")
        mailbox = folders.mailbox_of(self.db, found.mailbox)
        self._allow(mailbox)
        return items.get(self.db, found.number), mailbox

    def _allow(self, mailbox: MailboxRow) -> None:
        if not self.access.may(self.actor, mailbox):
            raise RefusedError("ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def shape(element: etree._Element | None, *, find: bool) -> Shape:
    """What an ItemShape asks for."""
    if element is None:
        return Shape(fields.DEFAULT, (), find)
    base = element.findtext(f"{T}BaseShape")
    wanted = set({"IdOnly": frozenset[str](), "AllProperties": fields.ALL}.get(base or "", fields.DEFAULT))
    if (element.findtext(f"{T}IncludeMimeContent") or "").strip() in {"true", "1"}:
        wanted.add("item:MimeContent")
    more = element.find(f"{T}AdditionalProperties")
    extra: list[extended.Path] = []
    for path in () if more is None else more:
        if path.tag == f"{T}FieldURI":
            wanted.add(path.get("FieldURI", ""))
        elif path.tag == f"{T}ExtendedFieldURI":
            extra.append(extended.path(path))
    return Shape(frozenset(wanted), tuple(extra), find)


def _scripted(error: ItemError) -> Answer:
    if error.inner is None:
        raise RefusedError(error.code, error.text, values=error.values, stops=error.stopping)
    values = {"InnerErrorResponseCode": error.inner} | error.values
    raise RefusedError("ErrorInternalServerError", error.text, values=values, stops=error.stopping)
