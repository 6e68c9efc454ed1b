"""Which folders are migrated, and where to. Pure: a function of both sides' folders and the batch's rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.batch.definition import Options
from core.mail.folder import FolderPath, Role, matches
from core.ports.destination import DestinationFolder
from core.ports.source import SourceFolder

#: INBOX first, then what people look at; the rest by path.
_ORDER = {Role.INBOX: 0, Role.SENT: 1, Role.DRAFTS: 2, Role.ARCHIVE: 3}
_LAST = 4


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """One source folder and where its messages go. With a `skip` reason it is left out and listed."""

    source: SourceFolder
    path: FolderPath
    role: Role | None = None
    skip: str | None = None
    note: str = ""


def plan_folders(
    source: Sequence[SourceFolder],
    destination: Sequence[DestinationFolder],
    options: Options,
    *,
    folds_case: bool,
) -> list[FolderPlan]:
    """Plans in the order in which folders are to be migrated.

    Default folders go to the destination's own, whatever their names; what hangs below a default folder follows it.
    With `folds_case`, a folder whose path differs from an earlier one in case only gets a number.
    """
    roles = {folder.path: folder.role for folder in source if folder.role}
    homes = {folder.role: folder.path for folder in destination if folder.role}
    mapped = {FolderPath.parse(old): FolderPath.parse(new) for old, new in options.folder_map.items()}
    plans = []
    taken: dict[tuple[str, ...], FolderPath] = {}  # at the destination, by how it tells names apart
    for folder in sorted(source, key=lambda f: (_ORDER.get(f.role, _LAST) if f.role else _LAST, f.path)):
        skip = _skip(folder, options)
        role, path = _target(folder.path, roles, mapped, homes)
        note = ""
        if skip is None and folds_case and role is None:
            free = _free(path, taken)
            if free != path:
                note = f"renamed: {path} differs from another folder in case only"
                path = free
        if skip is None and folder.selectable:
            taken.setdefault(_folded(path), path)
        plans.append(FolderPlan(folder, path, role, skip, note))
    return plans


def _skip(folder: SourceFolder, options: Options) -> str | None:
    if folder.view:
        return "a view of other folders: its messages are migrated where they are"
    if options.include_folders and not any(matches(folder.path, glob) for glob in options.include_folders):
        return "not in include_folders"
    for glob in options.exclude_folders:
        if matches(folder.path, glob):
            return f"in exclude_folders ({glob})"
    return None


def _target(
    path: FolderPath,
    roles: Mapping[FolderPath, Role | None],
    mapped: Mapping[FolderPath, FolderPath],
    homes: Mapping[Role, FolderPath],
) -> tuple[Role | None, FolderPath]:
    """The default folder to go to, or None, and the path at the destination."""
    for above in _upwards(path):
        rest = path.parts[len(above.parts) :]
        if above in mapped:
            role, base = _named(mapped[above], homes)
        elif roles.get(above):
            role = roles[above]
            assert role is not None
            base = homes.get(role, FolderPath.of(role.value))
        else:
            continue
        return (None if rest else role), FolderPath(base.parts + rest)
    return _named(path, homes) if path.parts[0] == Role.INBOX.value else (None, path)


def _named(path: FolderPath, homes: Mapping[Role, FolderPath]) -> tuple[Role | None, FolderPath]:
    """A target written with an English default name means that default folder."""
    for role in Role:
        if path.parts[0] == role.value:
            base = homes.get(role, FolderPath.of(role.value))
            rest = path.parts[1:]
            return (None if rest else role), FolderPath(base.parts + rest)
    return None, path


def _upwards(path: FolderPath) -> Iterable[FolderPath]:
    here: FolderPath | None = path
    while here is not None:
        yield here
        here = here.parent


def _folded(path: FolderPath) -> tuple[str, ...]:
    return tuple(part.casefold() for part in path.parts)


def _free(path: FolderPath, taken: Mapping[tuple[str, ...], FolderPath]) -> FolderPath:
    candidate, number = path, 1
    while taken.get(_folded(candidate), candidate) != candidate:
        number += 1
        candidate = FolderPath((*path.parts[:-1], f"{path.name} ({number})"))
    return candidate
