"""Messages that are at the destination in another form than at the source: which, how, and where the original is."""

import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from core.mail.form import Alteration, Form
from core.printable import printable
from core.store.left_out import pair_of
from core.store.originals import Originals

# What carries another row's key is listed where its copy came from.
_ALTERED = """
    SELECT folder.source_path, uid, exact, form, changes, refused
    FROM message JOIN folder ON folder.id = folder_id JOIN pair ON pair.id = pair_id
    WHERE source_identity = :source_identity AND source_login = :source_login
        AND destination_identity = :destination_identity AND destination_address = :destination_address
        AND form IS NOT NULL AND carries IS NULL AND outcome IN ('copied', 'already_there')
    ORDER BY folder.source_path, uid LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Altered:
    """One message: where it is at the source, and how it differs. `original` is None where the copy holds it itself."""

    mailbox: str
    folder: str  # printable
    uid: int
    alteration: Alteration
    original: Path | None


def altered(look: sqlite3.Connection, state: Path, batch: str, source: str, limit: int | None = None) -> list[Altered]:
    """Those of one mailbox on the board, by folder and UID, at most `limit`; `state` is the state folder."""
    pair = pair_of(look, batch, source)
    if pair is None:
        return []
    originals = Originals(state)
    found = []
    rows = look.execute(_ALTERED, {**asdict(pair), "limit": -1 if limit is None else limit})
    for folder, uid, exact, word, changes, refused in rows:
        form = Form(word)
        kept = originals.path(exact) if form is Form.REPAIRED else None
        found.append(Altered(source, printable(folder, 1000), uid, Alteration(form, changes, refused), kept))
    return found
