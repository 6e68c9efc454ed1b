"""The tables of the store, for SQLAlchemy Core; one comment a column where the name does not say it.

Times are seconds since 1970 as REAL (UTC). Paths are as `FolderPath.__str__` writes them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.store.names import COUNTS, EXPENDABLE

metadata = MetaData()

# --- the ledger: what has been done, per source key; never expires -----------------------------------------------

pair = Table(
    "pair",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_identity", String, nullable=False),
    Column("source_login", String, nullable=False),
    Column("destination_identity", String, nullable=False),
    Column("destination_address", String, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),  # fences a holder that was taken over
    Column("adopted", Boolean, nullable=False, server_default="0"),  # the first pass is over: what was there is known
    UniqueConstraint("source_identity", "source_login", "destination_identity", "destination_address"),
)

folder = Table(
    "folder",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair_id", ForeignKey("pair.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_path", String, nullable=False),  # where it is now
    Column("key_path", String, nullable=False),  # where it was first listed: part of every source key in it
    Column("uidvalidity", Integer, nullable=False),
    Column("destination_path", String, nullable=False, server_default=""),
    Column("destination_ref", String, nullable=False, server_default=""),
    Column("renaming_to", String),  # the path that its folder at the destination is about to get
    Column("current", Boolean, nullable=False, server_default="1"),  # 0: gone, or replaced by another UIDVALIDITY
    Column("adopting", Boolean, nullable=False, server_default="0"),  # the destination held mail before we came
    Column("listed_to", Integer, nullable=False, server_default="0"),  # every UID up to this has a row
    # The baseline: what EXAMINE said before the last listing that was settled whole.
    Column("uidnext", Integer),
    Column("highestmodseq", Integer),
    Column("messages", Integer),  # EXISTS
)

message = Table(
    "message",
    metadata,
    Column("folder_id", ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    Column("uid", Integer, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("reason", Text),  # why it was skipped or rejected
    Column("size", Integer, nullable=False),
    Column("received", Float),
    Column("flags", Text, nullable=False),  # as last carried
    Column("item", Text),  # the destination's id
    Column("carries", Text),  # the source key that the item carries, where it is not this row's
    Column("exact", LargeBinary),  # SHA-256 of the bytes
    # 0: at the source. 1: gone since the last whole pass; its bytes may turn up elsewhere in this one. 2: gone.
    # 3: gone, and its copy belongs to the row where it turned up.
    Column("gone", Integer, nullable=False, server_default="0"),
    # The intent. `mark` is NULL until one is durable, and NULL again once the result is known.
    Column("mark", Text),
    Column("folded", LargeBinary),
    Column("ended", Float),  # when the connection that carried it ended, as far as we know
    Column("took_folder", Integer),  # the row whose copy is to become this one's: it is not sent, but moved
    Column("took_uid", Integer),
    # In what form it was last sent, and stored in the end; NULL: as the source has it.
    Column("form", String),
    Column("changes", Text),  # what was done to it
    Column("refused", Text),  # what the destination said to the forms before
    sqlite_with_rowid=False,
)
Index("message_pending", message.c.folder_id, message.c.received, sqlite_where=text("outcome = 'pending'"))
Index("message_intent", message.c.folder_id, sqlite_where=text("mark IS NOT NULL"))
Index("message_left", message.c.exact, sqlite_where=text("gone = 1"))
Index("message_took", message.c.took_folder, message.c.took_uid, sqlite_where=text("took_folder IS NOT NULL"))

# --- the board: what is; rewritten, with `rev` for readers that ask what changed ----------------------------------

batch = Table(
    "batch",
    metadata,
    Column("name", String, primary_key=True),
    Column("path", Text, nullable=False),  # of the batch file
    Column("added", Float, nullable=False),
    Column("source_identity", String, nullable=False, server_default=""),  # with these its pairs are found again
    Column("destination_identity", String, nullable=False, server_default=""),
    Column("status", String, nullable=False),
    Column("condition", String),
    Column("until", Float),
    Column("why", Text, nullable=False, server_default=""),
    Column("next_pass", Float),  # with --watch
    Column("warning", Text, nullable=False, server_default=""),  # such as: certificates are not verified
    Column("rev", Integer, nullable=False, index=True),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("batch", ForeignKey("batch.name", ondelete="CASCADE"), primary_key=True),
    Column("source", String, primary_key=True),
    Column("destination", String, nullable=False),
    Column("position", Integer, nullable=False),  # in the batch file
    Column("status", String, nullable=False),
    Column("condition", String),
    Column("until", Float),
    Column("why", Text, nullable=False, server_default=""),
    Column("error", Text),
    Column("activity", Text, nullable=False, server_default=""),  # what it does just now, in words
    Column("slow", Text, nullable=False, server_default=""),  # whom it waits for, and how much
    Column("progressed", Float),  # when the last byte or message went through
    Column("rate", Float),  # bytes a second, smoothed over a minute
    Column("eta", Float),  # seconds to go; NULL: not known
    Column("pass_kind", String),
    Column("pass_started", Float),
    Column("pass_new", Integer, nullable=False, server_default="0"),
    Column("pass_flags_changed", Integer, nullable=False, server_default="0"),
    Column("synced", Float),  # when the last pass ended well
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
    Column("rev", Integer, nullable=False),
    Index("mailbox_of_batch", "batch", "rev"),
)

board_folder = Table(
    "board_folder",
    metadata,
    Column("batch", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("destination_path", String, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),  # why it is skipped, or how it was renamed
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
    Column("rev", Integer, nullable=False, index=True),
)

revision = Table(
    "revision", metadata, Column("id", Integer, primary_key=True), Column("value", Integer, nullable=False)
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("time", Float, nullable=False),
    Column("level", Integer, nullable=False),
    Column("batch", String, nullable=False),
    Column("mailbox", String, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uid", Integer),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Index("event_of_batch", "batch", "id"),
    Index("event_expendable", "batch", "id", sqlite_where=text(EXPENDABLE)),
    sqlite_autoincrement=True,
)

# --- what is wanted, and who holds what -----------------------------------------------------------------------------

wanted = Table(
    "wanted",
    metadata,
    Column("batch", String, primary_key=True),
    Column("mailbox", String, primary_key=True),  # '' for the batch itself
    Column("wish", String, nullable=False),
    Column("time", Float, nullable=False),
)

demand = Table(
    "demand",
    metadata,
    Column("batch", String, primary_key=True),
    Column("mailbox", String, primary_key=True),  # '' for all mailboxes of the batch
    Column("what", String, primary_key=True),
)

dial = Table(
    "dial",
    metadata,
    Column("batch", String, primary_key=True),
    Column("key", String, primary_key=True),  # of the batch file, with its table
    Column("filed", Text, nullable=False),  # as the file says it; '' for no limit
    Column("turned", Text),  # what counts instead, until it is written back
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),  # "batch:NAME" or "pair:ID"
    Column("run", String, nullable=False),  # one running process, a random id
    Column("host", String, nullable=False),
    Column("boot", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Integer, nullable=False),  # the process's start time in clock ticks: a pid comes again
    Column("since", Float, nullable=False),
    Column("heartbeat", Float, nullable=False),
)

slot = Table(
    "slot",
    metadata,
    Column("endpoint", String, primary_key=True),  # host:port
    Column("run", String, primary_key=True),
    Column("used", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),  # the holder's own max_connections; the lowest of all wins
    Column("wanted", Integer),  # the max_connections of a batch that waits for one more; NULL: none does
    Column("waiting", Float),  # since when it waits
    Column("asked", Float),  # when it last asked; long ago: it waits no more
)
