"""What a batch is: the batch file's tables as frozen models, used as they are by every room above.

The names are the TOML keys of contract section 1, sizes are bytes, durations seconds, moments UTC. Secrets stay
references. This is the only file that knows pydantic.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PrivateAttr,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from core.batch import values, words
from core.batch.consistency import contradictions
from core.batch.explain import explain
from core.batch.hours import Hours
from core.batch.problem import ProblemsError, nearest, shown
from core.batch.reference import check_reference
from core.errors import BatchFileError, UserError
from core.mail.key import PairId

Text = Annotated[str, AfterValidator(values.check_text)]
SecretReference = Annotated[str, AfterValidator(check_reference)]
Host = Annotated[str, AfterValidator(values.check_host)]
FilePath = Annotated[Path, BeforeValidator(values.to_path)]
Port = Annotated[int, AfterValidator(values.Between(1, 65_535))]
Connections = Annotated[int, AfterValidator(values.Between(1, 1_000))]
Size = Annotated[int, BeforeValidator(values.to_size)]
Rate = Annotated[int, BeforeValidator(values.to_rate)]
ActiveHours = Annotated[Hours, BeforeValidator(values.to_hours), PlainSerializer(str)]
Moment = Annotated[datetime, BeforeValidator(values.to_moment)]
Globs = Annotated[tuple[Annotated[str, AfterValidator(values.check_folder)], ...], BeforeValidator(values.to_array)]
FolderMap = Annotated[dict[str, str], AfterValidator(values.check_folder_map)]


def _from_file(info: ValidationInfo) -> bool:
    return bool(info.context)


Duration = Annotated[float, BeforeValidator(lambda value, info: values.to_duration(value, from_file=_from_file(info)))]
Settle = Annotated[
    float | None, BeforeValidator(lambda value, info: values.to_settle(value, from_file=_from_file(info)))
]


class _Table(BaseModel):
    # What stands below a key is its description, for whoever fills in a batch file (core.batch.keys).
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Admin(_Table):
    """One administrator who signs in for every mailbox that has no password of its own."""

    username: Text = Field(examples=["migrator"])
    """The administrator's login."""
    password: SecretReference = Field(examples=["env:ADMIN_PASSWORD"])
    """Where his password is."""
    style: Annotated[str, AfterValidator(values.check_style)] = Field(
        default="authzid", examples=["authzid", "{user}*{admin}"]
    )
    """How he signs in for a user: by SASL PLAIN, or with a login made of both names."""


def _port(fields: dict[str, Any]) -> int:
    return values.default_port(fields["security"])


def _imap_identity(fields: dict[str, Any]) -> str:
    return values.imap_identity(fields["host"], fields["port"])


class _ImapEndpoint(_Table):
    """An IMAP server, on either side."""

    kind: Literal["imap"] = "imap"
    """What kind of server it is."""
    host: Host = Field(examples=["imap.old.example"])
    """The server's name or address."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """How the way there is secured: by TLS from the beginning, by STARTTLS, or not at all."""
    port: Port = Field(default_factory=_port)
    """Its port: 993 with tls, else 143, unless you say otherwise."""
    ca_file: FilePath | None = Field(default=None, examples=["old-ca.pem"])
    """Certificates to trust instead of the system's, as a file in PEM. A relative path starts at the batch file."""
    verify_certificate: bool = True
    """Whether the server's certificate must be valid. If not, anyone in between can read and alter mail."""
    identity: Text = Field(default_factory=_imap_identity, examples=["imap.old.example"])
    """What the ledger calls this server: its host at first. Keep it when the host name changes one day."""
    auth: Literal["password"] = "password"
    """How to sign in."""
    max_connections: Connections = 20
    """Connections to this server at most, over all batches and processes of one state folder; the lowest counts."""
    admin: Admin | None = None
    """One administrator who signs in for all mailboxes."""


class SourceEndpoint(_ImapEndpoint):
    """The server that the mail is on. It is never changed."""


class ImapDestination(_ImapEndpoint):
    """An IMAP server that the mail goes to."""

    max_connections: Connections = 12
    """Connections to this server at most, over all batches and processes of one state folder; the lowest counts."""


class EwsDestination(_Table):
    """An Exchange that the mail goes to, by its web services."""

    kind: Literal["ews"] = "ews"
    """Exchange by its web services, or any IMAP server."""
    url: Annotated[str, AfterValidator(values.check_url)] = Field(
        examples=["https://mail.new.example/EWS/Exchange.asmx"]
    )
    """The address of Exchange's web services."""
    access: Literal["impersonation", "delegate", "direct"] = "impersonation"
    """How one account writes into all mailboxes: by impersonation or delegate rights; or direct, each for itself."""
    auth: Literal["basic", "ntlm"] = "basic"
    """How to sign in."""
    username: Text | None = Field(default=None, examples=["svc-migration@new.example"])
    """The account that writes into all mailboxes."""
    password: SecretReference | None = Field(default=None, examples=["env:EXCHANGE_PASSWORD"])
    """Where its password is."""
    identity: Text = Field(
        default_factory=lambda fields: values.web_identity(fields["url"]), examples=["mail.new.example"]
    )
    """What the ledger calls this server: the URL's host at first. Keep it when the host name changes one day."""
    ca_file: FilePath | None = Field(default=None, examples=["new-ca.pem"])
    """Certificates to trust instead of the system's, as a file in PEM. A relative path starts at the batch file."""
    verify_certificate: bool = True
    """Whether the server's certificate must be valid. If not, anyone in between can read and alter mail."""
    max_connections: Connections = 12
    """Connections to this server at most, over all batches and processes of one state folder; the lowest counts."""


class Options(_Table):
    """How the batch is run, and what is left out."""

    max_message_size: Size = Field(default=35 * words.MB, examples=["35 MB"])
    """Larger messages are left out, and listed. The size is that at the source."""
    max_items_per_mailbox: Annotated[int, AfterValidator(values.Between(1, 2**31))] = 500_000
    """Of more messages than these the oldest are left out, by the first pass. What comes later is always copied."""
    include_folders: Globs = Field(default=(), examples=["INBOX", "Projects/**"])
    """Only these folders and what is below them; none means all."""
    exclude_folders: Globs = Field(default=(), examples=["Trash", "Lists/*"])
    """Not these folders, nor what is below them."""
    received_since: Moment | None = Field(default=None, examples=["2024-01-01"])
    """Only messages that the source received on this day (UTC) or later."""
    received_before: Moment | None = Field(default=None, examples=["2026-01-01"])
    """Only messages that the source received before this day (UTC)."""
    skip_deleted: bool = True
    """Whether to leave out what is marked as deleted at the source, and not yet expunged."""
    drafts: Literal["every"] = "every"
    """In which passes drafts are copied."""
    read_receipts: Literal["off", "keep"] = "off"
    """Over EWS: whether old messages that ask for a read receipt go on asking for it."""
    repair: bool = True
    """Whether a message that the destination refuses for its form is sent mended, and the original kept with it."""
    rejected_limit: Annotated[int, AfterValidator(values.Between(0, 2**31))] = 50
    """A mailbox with more messages that the destination refuses than these fails."""
    mailboxes_at_once: Annotated[int, AfterValidator(values.Between(1, 500))] = 10
    """How many mailboxes are moved at the same time."""
    bandwidth: Rate | None = Field(default=None, examples=["20 MB/s"])  # bytes a second, at either end
    """How fast the batch may be as a whole; nothing means as fast as it goes."""
    active_hours: ActiveHours | None = Field(default=None, examples=["20:00-06:00"])
    """When mail may be moved, in this machine's time; nothing means always."""
    sync_every: Duration = Field(default=86_400.0, examples=["24h", "1h30m"])
    """How long after a pass the next begins, with `run --watch`."""
    give_up_after: Duration = Field(default=86_400.0, examples=["24h", "2d"])
    """How long to wait for a server without any progress before a mailbox fails."""
    settle: Settle = Field(default=None, examples=["auto", "30s"])  # None is "auto": the destination knows
    """How long an answer that never came may still take effect at the destination: auto is 10s by IMAP, 30s by EWS."""
    folder_map: FolderMap = Field(default_factory=dict, examples=["Projects/Old"])
    """Folders that go elsewhere, with what is below them; each as the source calls it, and as the destination shall."""


class Mailbox(_Table):
    """One source login and the destination address it goes to."""

    source: Text = Field(examples=["ann"])
    """The login at the source; it names the mailbox in the log, too."""
    destination: Text = Field(examples=["ann@new.example"])
    """The address, or the login, at the destination."""
    password: SecretReference | None = Field(default=None, examples=["env:ANN_PASSWORD", "file:passwords.toml#ann"])
    """Where its password at the source is. Not needed with an administrator of the source."""
    destination_username: Text | None = Field(default=None, examples=["ann"])
    """The login at the destination where that is not the address, and each mailbox signs in itself."""
    destination_password: SecretReference | None = Field(default=None, examples=["env:ANN_NEW_PASSWORD"])
    """Where its password at the destination is, if each mailbox signs in itself there."""
    root: Text | None = Field(default=None, examples=["/users/ann"])
    """In a tree of several users at the source: where this one's folders hang (Microsoft's UserRoot)."""


def _kind(destination: Any) -> str | None:
    """Which destination is meant; "ews" where it does not say, None where it is no table."""
    if isinstance(destination, Mapping):
        kind = destination.get("kind", "ews")
        return kind if isinstance(kind, str) else ""
    return getattr(destination, "kind", None)


class Batch(_Table):
    """Mailboxes migrated together. `file` is where it was loaded from; relative paths start in its folder."""

    name: Annotated[str, AfterValidator(values.check_name)] = Field(examples=["sales-wave-1"])
    """What the batch is called in every command and on every screen."""
    source: SourceEndpoint
    destination: Annotated[
        Annotated[EwsDestination, Tag("ews")] | Annotated[ImapDestination, Tag("imap")], Discriminator(_kind)
    ]
    options: Options = Field(default_factory=Options)
    mailboxes: Annotated[tuple[Mailbox, ...], BeforeValidator(values.to_array)] = Field(min_length=1)

    _file: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        problems = contradictions(self.model_dump())
        if problems:
            raise ProblemsError(problems)
        return self

    @property
    def file(self) -> Path:
        """The batch file, as an absolute path; of a batch that has none yet, NAME.toml where we are."""
        return self._file or Path(f"{self.name}.toml").absolute()

    def at(self, file: Path) -> Self:
        """The same batch, loaded from or to be saved as this file."""
        moved = self.model_copy()
        moved._file = file.absolute()  # noqa: SLF001  a copy of our own
        return moved

    def beside(self, path: Path) -> Path:
        """A path as the batch file means it."""
        return self.file.parent / path

    def pair(self, mailbox: Mailbox) -> PairId:
        """What the ledger knows this mailbox as. Addresses are without case, logins are as the source has them."""
        return PairId(self.source.identity, mailbox.source, self.destination.identity, mailbox.destination.lower())

    def mailbox(self, source: str) -> Mailbox | None:
        """The mailbox with this source login."""
        return next((mailbox for mailbox in self.mailboxes if mailbox.source == source), None)

    def select(self, names: Iterable[str]) -> tuple[Mailbox, ...]:
        """The mailboxes that a user names, by source login or by destination address; in the batch's order, once each.

        Raises UserError with every name that is none of ours, and the nearest one that is.
        """
        by_name = {mailbox.destination.lower(): mailbox for mailbox in self.mailboxes}
        by_name |= {mailbox.source: mailbox for mailbox in self.mailboxes}
        chosen: set[str] = set()
        unknown: list[str] = []
        for name in names:
            mailbox = by_name.get(name) or by_name.get(name.lower())
            if mailbox is not None:
                chosen.add(mailbox.source)
                continue
            near = nearest(name, tuple(by_name))
            hint = f'did you mean "{near}"?' if near else "name its source login or its destination address"
            unknown.append(f"{shown(name)} is no mailbox of batch {self.name}; {hint}")
        if unknown:
            raise UserError(*unknown)
        return tuple(mailbox for mailbox in self.mailboxes if mailbox.source in chosen)

    def warnings(self) -> tuple[str, ...]:
        """What is allowed, but must stay visible as long as the batch lives: unverified and unprotected ways."""
        told: list[str] = []
        ends: tuple[tuple[str, _ImapEndpoint | EwsDestination], ...] = (
            ("source", self.source),
            ("destination", self.destination),
        )
        for side, endpoint in ends:
            if isinstance(endpoint, EwsDestination):
                bare, host = endpoint.url.startswith("http:"), endpoint.url
            else:
                bare, host = endpoint.security == "none", endpoint.host
            if bare:
                told.append(f"unprotected: passwords and mail cross the network as they are, {side} {host}")
            elif not endpoint.verify_certificate:
                told.append(f"certificate not verified: anyone in between can read and alter mail, {side} {host}")
        return tuple(told)


#: The model of each table, by its place; of the destination by its kind.
TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Batch,
    ("source",): SourceEndpoint,
    ("source", "admin"): Admin,
    ("destination", "ews"): EwsDestination,
    ("destination", "imap"): ImapDestination,
    ("destination", "imap", "admin"): Admin,
    ("options",): Options,
    ("mailboxes",): Mailbox,
}
#: The keys of each table, each with an example where it must be given.
KEYS: Mapping[tuple[str, ...], Mapping[str, str]] = {
    place: {name: str((field.examples or [""])[0]) for name, field in model.model_fields.items()}
    for place, model in TABLES.items()
}


def check(table: Mapping[str, Any]) -> Batch:
    """The batch that a file's tables say. Raises ProblemsError with every problem, each with the place of its key."""
    try:
        return Batch.model_validate(table, context={"from": "a file"})
    except ValidationError as error:
        raise ProblemsError(explain(error.errors(include_url=False), table, KEYS)) from None


def define(table: Mapping[str, Any], file: str) -> Batch:
    """As `check`, but raises BatchFileError; `file` names the file in each problem."""
    try:
        return check(table)
    except ProblemsError as error:
        raise BatchFileError(*(problem.line(file) for problem in error.problems)) from None
