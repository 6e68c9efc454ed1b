"""The default folders of a mailbox, and their names in the mailbox's language.

Source: MS-OXWSFOLD and MS-OXWSCDATA (DistinguishedFolderIdNameType); names as Outlook shows them.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DefaultFolder:
    """One default folder: its distinguished id, its parent's, and what it holds."""

    role: str
    parent: str | None
    folder_class: str = "IPF.Note"
    element: str = "Folder"


DEFAULTS: Final = (
    DefaultFolder("root", None, ""),
    DefaultFolder("msgfolderroot", "root", ""),
    DefaultFolder("inbox", "msgfolderroot"),
    DefaultFolder("drafts", "msgfolderroot"),
    DefaultFolder("sentitems", "msgfolderroot"),
    DefaultFolder("deleteditems", "msgfolderroot"),
    DefaultFolder("junkemail", "msgfolderroot"),
    DefaultFolder("outbox", "msgfolderroot"),
    DefaultFolder("calendar", "msgfolderroot", "IPF.Appointment", "CalendarFolder"),
    DefaultFolder("contacts", "msgfolderroot", "IPF.Contact", "ContactsFolder"),
    DefaultFolder("tasks", "msgfolderroot", "IPF.Task", "TasksFolder"),
    DefaultFolder("notes", "msgfolderroot", "IPF.StickyNote"),
    DefaultFolder("journal", "msgfolderroot", "IPF.Journal"),
    DefaultFolder("recoverableitemsroot", "root", ""),
    DefaultFolder("recoverableitemsdeletions", "recoverableitemsroot", ""),
)

#: The kind of folder element by folder class.
ELEMENTS: Final = {entry.folder_class: entry.element for entry in DEFAULTS if entry.element != "Folder"}

_UNSEEN = {"root": "Root", "recoverableitemsroot": "Recoverable Items", "recoverableitemsdeletions": "Deletions"}

_ROLES = (
    "msgfolderroot", "inbox", "drafts", "sentitems", "deleteditems", "junkemail", "outbox", "calendar", "contacts",
    "tasks", "notes", "journal",
)  # fmt: skip

_NAMES: Final = {
    "en": (
        "Top of Information Store", "Inbox", "Drafts", "Sent Items", "Deleted Items", "Junk Email", "Outbox",
        "Calendar", "Contacts", "Tasks", "Notes", "Journal",
    ),
    "de": (
        "Oberste Ebene des Informationsspeichers", "Posteingang", "Entwürfe", "Gesendete Elemente",
        "Gelöschte Elemente", "Junk-E-Mail", "Postausgang", "Kalender", "Kontakte", "Aufgaben", "Notizen", "Journal",
    ),
    "fr": (
        "Haut de la banque d'informations", "Boîte de réception", "Brouillons", "Éléments envoyés",
        "Éléments supprimés", "Courrier indésirable", "Boîte d'envoi", "Calendrier", "Contacts", "Tâches", "Notes",
        "Journal",
    ),
}  # fmt: skip


def names(language: str) -> dict[str, str]:
    """Distinguished id to display name. Raises KeyError for a language that is not there."""
    return dict(zip(_ROLES, _NAMES[language], strict=True)) | _UNSEEN
