"""Which batch and which mailboxes an argument means."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path

from core.errors import BatchFileError, UserError
from core.store.database import Database
from core.store.known import KnownBatch, find, known
from core.store.views import mailboxes as mailbox_views


def is_file(batch: str) -> bool:
    """Whether BATCH is a file, by the contract's rule; else it is a name."""
    return "/" in batch or batch.endswith(".toml")


def batch_file(database: Database, batch: str) -> Path:
    """The batch file that BATCH means. Raises UserError for a name that the store does not know."""
    return Path(batch) if is_file(batch) else by_name(database, batch).path


def known_batch(database: Database, batch: str) -> KnownBatch:
    """The batch in the store that BATCH means; a file that is broken just now still means the batch it was.

    Raises UserError when there is none.
    """
    if not is_file(batch):
        return by_name(database, batch)
    path = Path(batch).absolute()
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8")).get("name")
    except (OSError, ValueError):
        name = None
    for batch_ in known(database):
        if batch_.name == name or (name is None and batch_.path == path):
            return batch_
    if name is None:
        raise BatchFileError(f"{batch}: cannot be read as a batch file, and no batch was ever run from it")
    raise UserError(f"{batch}: this batch was never run here; `mailcutover run {batch}` begins it")


def by_name(database: Database, name: str) -> KnownBatch:
    """The batch of this name. Raises UserError when the store does not know it."""
    found = find(database, name)
    if found is not None:
        return found
    names = [other.name for other in known(database)]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "give its file the first time, such as ./sales-wave-1.toml"
    raise UserError(f'no batch "{name}" was ever run here; {hint}')


def sources(database: Database, batch: str, names: Iterable[str]) -> list[str]:
    """Source logins of the mailboxes that are named by source login or destination address; each once.

    Raises UserError with every name that is none of the batch's.
    """
    with database.look() as look:
        views, _ = mailbox_views(look, batch)
    by_name = {view.destination.lower(): view.source for view in views} | {view.source: view.source for view in views}
    found: dict[str, None] = {}
    unknown = []
    for name in names:
        source = by_name.get(name) or by_name.get(name.lower())
        if source is not None:
            found[source] = None
            continue
        near = difflib.get_close_matches(name, by_name, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "name its source login or its destination address"
        unknown.append(f'"{name}" is no mailbox of batch {batch}; {hint}')
    if unknown:
        raise UserError(*unknown)
    return list(found)
