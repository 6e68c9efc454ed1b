"""The destination's folders: listing, making, renaming and subscribing them."""

from dataclasses import replace

from core.imap.answers import failure_of
from core.imap.connection import Connection
from core.imap.counts import message_counts
from core.imap.folders import Place, namespace_of, personal_folders
from core.imap.listing import Listed, is_there
from core.imap.naming import Naming
from core.imap.renaming import keeps_uids
from core.imap.wire import Completion, astring
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder
from core.ports.failure import Action, EndpointError, Failure

#: Refusals that mean the name, though their action is to try again.
_OF_THE_NAME = frozenset({"NONEXISTENT", "TRYCREATE", "ALREADYEXISTS"})
_UNUSABLE = b"\r\n\0"


class FolderTree:
    """The folders of one mailbox, as listed last. A `ref` is the name on the wire, one character a byte.

    Every method may raise EndpointError.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._places: dict[FolderPath, Place] | None = None
        self._naming: Naming | None = None
        self._keeps_uids: bool | None = None  # when renamed; None: not tried yet

    def list(self) -> list[DestinationFolder]:
        """Every folder that can hold messages, with how many it holds; views of other folders are left out."""
        self._places = None
        usable = [
            place
            for place in self._known().values()
            if place.listed.selectable and not place.view and not set(place.listed.name) & set(_UNUSABLE)
        ]
        counts = message_counts(self._connection, [place.listed.name for place in usable])
        return [_folder(place, counts.get(place.listed.name, 0)) for place in usable]

    def create(self, path: FolderPath, role: Role | None, *, subscribed: bool) -> DestinationFolder:
        """The folder at `path`, or the default folder of that role, made when it is not there.

        Its path is another where the server cannot take the name. A subscription that is refused is left.
        """
        place = self._default(role) or self._made(path, role)
        if isinstance(place, Failure):
            raise EndpointError(
                replace(
                    place,
                    action=Action.STOP_MAILBOX,
                    cause="the server does not make this folder",
                    cure="give it another name with options.folder_map, or exclude it",
                )
            )
        if subscribed and not place.listed.subscribed:
            self._connection.run(b"SUBSCRIBE " + astring(place.listed.name))
            place = replace(place, listed=replace(place.listed, subscribed=True))
            self._known()[place.path] = place
        return _folder(place, 0)

    def rename(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        """The folder under its new path, with what hangs below it.

        As it was, where the server refuses that, or would give its messages other UIDs.
        """
        old = name_of(folder)
        naming = self._namer()
        self._leave()
        if self._keeps_uids is None:
            self._keeps_uids = keeps_uids(self._connection, naming.space)
        if not self._keeps_uids:
            return folder
        for became, name in naming.spellings(path):
            if became in self._known():
                break
            done = self._connection.run(b"RENAME " + astring(old) + b" " + astring(name))
            if done.ok:
                naming.forget(folder.path)
                naming.settle(path, became)
                self._subscribe_anew(old, name)
                self._places = None
                return replace(folder, path=became, ref=ref_of(name))
            self._refusal(done)
        return folder

    def _known(self) -> dict[FolderPath, Place]:
        if self._places is None:
            self._places = {place.path: place for place in personal_folders(self._connection)}
        return self._places

    def _namer(self) -> Naming:
        if self._naming is None:
            self._naming = Naming(namespace_of(self._connection))
        return self._naming

    def _default(self, role: Role | None) -> Place | None:
        return next((place for place in self._known().values() if role is not None and place.role is role), None)

    def _made(self, path: FolderPath, role: Role | None) -> Place | Failure:
        """The folder, found or made under the first spelling that the server takes; or the last refusal."""
        naming = self._namer()
        above = path.parent
        if above is not None and self._there(above) and naming.free(above, above):
            naming.settle(above, above)
        refused: Failure | None = None
        there = self._there(path) if naming.free(path, path) else None  # whatever its name on the wire is
        for number, (became, name) in enumerate(() if there else naming.spellings(path)):
            # Some servers do not make what lies above, or refuse a name there: then each is made and spelt by itself.
            if number == 1 and self._made_above(path):
                return self._made(path, role)
            there = self._there(became)
            refused = None if there is not None else self._create(name, role)
            if refused is None:
                there = there or Place(Listed(name, naming.space.separator, frozenset()), became, role)
                break
        if there is not None:
            naming.settle(path, there.path)
            self._known()[there.path] = there
            return there
        assert refused is not None  # there is always a first spelling
        return refused

    def _made_above(self, path: FolderPath) -> bool:
        """Whether the folder above could be made only now."""
        above = path.parent
        return above is not None and not self._namer().settled(above) and isinstance(self._made(above, None), Place)

    def _there(self, path: FolderPath) -> Place | None:
        place = self._known().get(path)
        return place if place is not None and place.listed.selectable else None

    def _create(self, name: bytes, role: Role | None) -> Failure | None:
        command = b"CREATE " + astring(name)
        if role is not None and role is not Role.INBOX and self._connection.has("CREATE-SPECIAL-USE"):
            done = self._connection.run(b"%b (USE (\\%b))" % (command, role.value.encode("ascii")))
            if done.ok:
                return None
        done = self._connection.run(command)
        return None if done.ok or self._listed(name) else self._refusal(done)

    def _listed(self, name: bytes) -> bool:
        """Whether a folder is there although the server did not make it."""
        try:
            return is_there(self._connection, name)
        except EndpointError as error:
            if error.failure.code not in {"NO", "BAD"}:
                raise
            # Courier does not even look for a name that it cannot take; and it hangs up after some refusals in a row.
            self._connection.run(b"NOOP")
            return False

    def _refusal(self, done: Completion) -> Failure:
        """A refusal of that name; every other is raised."""
        failure = failure_of(done, self._connection.side, otherwise=Action.REJECT)
        if failure.action is Action.REJECT or failure.code in _OF_THE_NAME:
            return failure
        raise EndpointError(failure)

    def _leave(self) -> None:
        """Open another folder, as Courier renames none that is open; CLOSE would expunge."""
        self._connection.selected = None
        self._connection.run(b"EXAMINE INBOX")

    def _subscribe_anew(self, old: bytes, new: bytes) -> None:
        """Subscriptions are by name and stay behind when a folder is renamed."""
        for place in self._known().values():
            name, below = place.listed.name, old + place.listed.separator
            if place.listed.subscribed and (name == old or (place.listed.separator and name.startswith(below))):
                self._connection.run(b"SUBSCRIBE " + astring(new + name[len(old) :]))
                self._connection.run(b"UNSUBSCRIBE " + astring(name))


def name_of(folder: DestinationFolder) -> bytes:
    """The folder's name on the wire."""
    return folder.ref.encode("latin-1")


def ref_of(name: bytes) -> str:
    """The inverse of `name_of`."""
    return name.decode("latin-1")


def _folder(place: Place, messages: int) -> DestinationFolder:
    return DestinationFolder(place.path, ref_of(place.listed.name), place.role, messages)
