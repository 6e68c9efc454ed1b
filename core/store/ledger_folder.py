"""The folders of a pair in the ledger: where they are on both sides, and how far they are known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from core.mail.folder import FolderPath
from core.store import schema
from core.store.database import Database
from core.store.pair import Fence

_TABLE = schema.folder


@dataclass(frozen=True, slots=True)
class Baseline:
    """What EXAMINE said before the last listing that was settled whole; None where it never was, or does not say."""

    uidnext: int | None
    highestmodseq: int | None
    messages: int | None


@dataclass(frozen=True, slots=True)
class LedgerFolder:
    """One source folder under one UIDVALIDITY."""

    id: int
    source_path: FolderPath
    key_path: FolderPath  # where it was first listed: part of the source key of every message in it
    uidvalidity: int
    destination_path: FolderPath | None
    destination_ref: str
    renaming_to: FolderPath | None  # what its folder at the destination was to be renamed to, when that is not known
    listed_to: int  # every UID up to this one has a row
    adopting: bool  # the destination held mail before we came, and the first pass is not over
    baseline: Baseline


def _folder(row: Row[Any]) -> LedgerFolder:
    return LedgerFolder(
        id=row.id,
        source_path=FolderPath.parse(row.source_path),
        key_path=FolderPath.parse(row.key_path),
        uidvalidity=row.uidvalidity,
        destination_path=FolderPath.parse(row.destination_path) if row.destination_path else None,
        destination_ref=row.destination_ref,
        renaming_to=FolderPath.parse(row.renaming_to) if row.renaming_to else None,
        listed_to=row.listed_to,
        adopting=row.adopting,
        baseline=Baseline(row.uidnext, row.highestmodseq, row.messages),
    )


class LedgerFolders:
    """Reads and writes the folders of one pair. Every write may raise FencedError."""

    def __init__(self, database: Database, fence: Fence) -> None:
        self._database = database
        self._fence = fence
        self._path_of: dict[int, FolderPath] = {}
        self._under: dict[FolderPath, set[int]] = defaultdict(set)
        query = select(_TABLE).where(_TABLE.c.pair_id == fence.pair)
        with database.reading() as connection:
            for row in connection.execute(query):
                self._noted(_folder(row))

    def paths(self) -> dict[FolderPath, set[int]]:
        """Every source path and the ids of the folders that are or were there last, whatever their UIDVALIDITY."""
        return {path: ids for path, ids in self._under.items() if ids}

    def under(self, path: FolderPath) -> set[int]:
        """The ids of the folders that are or were under this source path last."""
        return self._under[path]

    def current(self) -> Sequence[LedgerFolder]:
        """Every folder that is still at the source as far as we know, parents first."""
        return sorted(self._read(_TABLE.c.current), key=lambda known: known.source_path)

    def back(self, path: FolderPath, uidvalidity: int) -> LedgerFolder | None:
        """The folder that was retired under this path and UIDVALIDITY, current again and to be listed whole."""
        query = select(_TABLE).where(
            _TABLE.c.pair_id == self._fence.pair,
            _TABLE.c.source_path == str(path),
            _TABLE.c.uidvalidity == uidvalidity,
            _TABLE.c.current.is_(False),
        )
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(_TABLE.c.id.desc())).first()
        if row is None:
            return None
        return self._change(_folder(row), current=True, uidnext=None, highestmodseq=None, messages=None)

    def add(self, path: FolderPath, uidvalidity: int) -> LedgerFolder:
        """A folder seen for the first time, or with a new UIDVALIDITY."""
        values = {
            "pair_id": self._fence.pair,
            "source_path": str(path),
            "key_path": str(path),
            "uidvalidity": uidvalidity,
        }

        def work(connection: Connection) -> LedgerFolder:
            added = connection.execute(insert(_TABLE).values(**values)).inserted_primary_key
            assert added is not None
            return _folder(connection.execute(select(_TABLE).where(_TABLE.c.id == added[0])).one())

        return self._noted(self._fence.write(work))

    def place(self, folder: LedgerFolder, path: FolderPath, ref: str, *, adopting: bool | None = None) -> LedgerFolder:
        """Note where its messages go at the destination."""
        changes: dict[str, Any] = {"destination_path": str(path), "destination_ref": ref}
        if adopting is not None:
            changes["adopting"] = adopting
        return self._change(folder, **changes)

    def renaming(self, folder: LedgerFolder, path: FolderPath) -> None:
        """Its folder at the destination is about to be renamed, with all that hangs below it."""
        self._change(folder, renaming_to=str(path))

    def under_way(self) -> Sequence[LedgerFolder]:
        """Those of which is not known whether their folders at the destination were renamed."""
        return self._read(_TABLE.c.renaming_to.is_not(None))

    def placed_below(self, path: FolderPath) -> Sequence[LedgerFolder]:
        """Those whose messages went to a folder of the destination or below it, current or not."""
        return [
            folder
            for folder in self._read(_TABLE.c.destination_ref != "")
            if folder.destination_path is not None and folder.destination_path.below(path)
        ]

    def moved(self, places: Sequence[tuple[LedgerFolder, FolderPath, str]]) -> None:
        """Their folders at the destination have these paths and refs now; in one transaction."""

        def work(connection: Connection) -> None:
            for folder, path, ref in places:
                values = {"destination_path": str(path), "destination_ref": ref, "renaming_to": None}
                connection.execute(update(_TABLE).where(_TABLE.c.id == folder.id).values(**values))

        self._fence.write(work)

    def adopted(self, folder: LedgerFolder) -> LedgerFolder:
        """What was at the destination before us is known for this folder."""
        return self._change(folder, adopting=False)

    def renamed(self, folder: LedgerFolder, path: FolderPath) -> LedgerFolder:
        """The same folder now stands under another path at the source."""
        return self._change(folder, source_path=str(path))

    def advance(self, folder: LedgerFolder, baseline: Baseline) -> LedgerFolder:
        """Every message below `baseline` is settled."""
        return self._change(
            folder,
            uidnext=baseline.uidnext,
            highestmodseq=baseline.highestmodseq,
            messages=baseline.messages,
        )

    def retire(self, folder: LedgerFolder) -> None:
        """It is no longer at the source."""
        self._change(folder, current=False)

    def _read(self, which: ColumnElement[bool]) -> list[LedgerFolder]:
        query = select(_TABLE).where(_TABLE.c.pair_id == self._fence.pair, which).order_by(_TABLE.c.id)
        with self._database.reading() as connection:
            return [_folder(row) for row in connection.execute(query)]

    def _change(self, folder: LedgerFolder, **changes: Any) -> LedgerFolder:
        def work(connection: Connection) -> LedgerFolder:
            connection.execute(update(_TABLE).where(_TABLE.c.id == folder.id).values(**changes))
            return _folder(connection.execute(select(_TABLE).where(_TABLE.c.id == folder.id)).one())

        return self._noted(self._fence.write(work))

    def _noted(self, folder: LedgerFolder) -> LedgerFolder:
        before = self._path_of.get(folder.id)
        if before is not None:
            self._under[before].discard(folder.id)
        self._path_of[folder.id] = folder.source_path
        self._under[folder.source_path].add(folder.id)
        return folder
