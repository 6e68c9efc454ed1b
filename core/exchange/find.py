"""Which of our messages are in a folder: by the source key that each of them carries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.exchange import answers
from core.exchange.properties import SOURCE_KEY, source_key
from core.exchange.session import Session
from core.exchange.soap import MESSAGES, TYPES, Request, attribute
from core.ports.failure import Action, EndpointError, Failure

#: EWSFindCountLimit is 1000 unless an administrator changed it; a server that gives less is asked for the rest.
_PAGE: Final = 1000
_TOKENS: Final = 50
#: A folder that keeps changing is read so often before we give up.
_SCANS: Final = 5
_EXISTS: Final = f"<t:Exists>{SOURCE_KEY}</t:Exists>"


@dataclass(frozen=True, slots=True)
class _Page:
    found: Sequence[tuple[str, str]]  # item id, source key
    count: int
    total: int | None
    last: bool


def by_key(session: Session, folder: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every item of a folder that carries one of these source keys: item id and key; a key may come twice."""
    for start in range(0, len(keys), _TOKENS):
        some = keys[start : start + _TOKENS]
        terms = "".join(
            f"<t:IsEqualTo>{SOURCE_KEY}<t:FieldURIOrConstant><t:Constant Value={attribute(key)}/>"
            "</t:FieldURIOrConstant></t:IsEqualTo>"
            for key in some
        )
        wanted = frozenset(some)
        found = _all(session, folder, f"<t:Or>{terms}</t:Or>" if len(some) > 1 else terms)
        yield from ((item, key) for item, key in found if key in wanted)


def keyed(session: Session, folder: str) -> Iterator[tuple[str, str]]:
    """Every item of a folder that carries a source key: item id and key, each item once."""
    return _all(session, folder, _EXISTS)


def _all(session: Session, folder: str, restriction: str) -> Iterator[tuple[str, str]]:
    """All pages. Items that leave while we read shift the rest forward, past us: then it is read again.

    A server that counts otherwise than we do is believed when a second reading brings nothing new.
    """
    seen: set[str] = set()
    before: set[int | None] = set()
    for _ in range(_SCANS):
        offset, known = 0, len(seen)
        totals: set[int | None] = set()
        while True:
            page = _page(session, folder, restriction, offset)
            totals.add(page.total)
            offset += page.count
            for item, key in page.found:
                if item not in seen:
                    seen.add(item)
                    yield item, key
            if page.last:
                break
            if not page.count:
                raise EndpointError(Failure(Action.RETRY, "Incomplete", "a list of messages breaks off"))
        if totals <= {offset, None} or (totals == before and len(seen) == known):
            return
        before = totals
    raise EndpointError(Failure(Action.RETRY, "Incomplete", "the folder changes faster than it can be listed"))


def _page(session: Session, folder: str, restriction: str, offset: int) -> _Page:
    request = Request(
        "FindItem",
        (
            (
                '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
                f"<t:AdditionalProperties>{SOURCE_KEY}</t:AdditionalProperties></m:ItemShape>"
                f'<m:IndexedPageItemView MaxEntriesReturned="{_PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
                f"<m:Restriction>{restriction}</m:Restriction>"
                f"<m:ParentFolderIds><t:FolderId Id={attribute(folder)}/></m:ParentFolderIds></m:FindItem>"
            ).encode(),
        ),
    )
    answer = session.call(request)[0]
    if not answer.ok:
        raise EndpointError(answers.of_call(answer))
    root = answer.first(f"{MESSAGES}RootFolder")
    if root is None:
        raise EndpointError(Failure(Action.RETRY, "Incomplete", "a list of messages is missing"))
    items = list(root.iterfind(f"{TYPES}Items/*"))
    found = []
    for item in items:
        ref, key = item.find(f"{TYPES}ItemId"), source_key(item)
        if ref is not None and key is not None:
            found.append((ref.get("Id") or "", key))
    total = root.get("TotalItemsInView")
    return _Page(
        found, len(items), None if total is None else int(total), root.get("IncludesLastItemInRange") == "true"
    )
