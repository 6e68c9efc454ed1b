"""What the tables of `schema` and statements in plain SQL both say."""

from dataclasses import fields

from core.mail.outcome import Counts

#: PRAGMA user_version. A store with a higher one was made by a newer mailcutover and is refused.
VERSION = 1

#: Every number of messages or bytes that the board shows.
COUNTS = tuple(field.name for field in fields(Counts))

#: Events that may be forgotten when there are many newer ones; a partial index finds them.
EXPENDABLE = "level < 30 AND kind NOT GLOB 'batch.*' AND kind NOT GLOB 'mailbox.*'"
