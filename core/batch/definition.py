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
Port = Annotated[int, AfterValidator(values.between(1, 65_535))]
Connections = Annotated[int, AfterValidator(values.between(1, 1_000))]
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
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Admin(_Table):
    """One administrator who signs in for every mailbox that has no password of its own."""

    username: Text = Field(examples=["migrator"])
    password: SecretReference = Field(examples=["env:ADMIN_PASSWORD"])
    style: Annotated[str, AfterValidator(values.check_style)] = "authzid"


def _port(fields: dict[str, Any]) -> int:
    return values.default_port(fields["security"])


def _imap_identity(fields: dict[str, Any]) -> str:
    return values.imap_identity(fields["host"], fields["port"])


class _ImapEndpoint(_Table):
    """An IMAP server, on either side."""

    kind: Literal["imap"] = "imap"
    host: Host = Field(examples=["imap.old.example"])
    security: Literal["tls", "starttls", "none"] = "tls"
    port: Port = Field(default_factory=_port)
    ca_file: FilePath | None = None
    verify_certificate: bool = True
    identity: Text = Field(default_factory=_imap_identity)
    auth: Literal["password"] = "password"
    max_connections: Connections = 20
    admin: Admin | None = None


class SourceEndpoint(_ImapEndpoint):
    """The server that the mail is on."""


class ImapDestination(_ImapEndpoint):
    """An IMAP server that the mail goes to."""

    max_connections: Connections = 12


class EwsDestination(_Table):
    """An Exchange that the mail goes to, by its web services."""

    kind: Literal["ews"] = "ews"
    url: Annotated[str, AfterValidator(values.check_url)] = Field(
        examples=["https://mail.new.example/EWS/Exchange.asmx"]
    )
    access: Literal["impersonation", "delegate", "direct"] = "impersonation"
    auth: Literal["basic", "ntlm"] = "basic"
    username: Text | None = None
    password: SecretReference | None = None
    identity: Text = Field(default_factory=lambda fields: values.web_identity(fields["url"]))
    ca_file: FilePath | None = None
    verify_certificate: bool = True
    max_connections: Connections = 12


class Options(_Table):
    """How the batch is run, and what is left out."""

    max_message_size: Size = 35 * words.MB
    max_items_per_mailbox: Annotated[int, AfterValidator(values.between(1, 2**31))] = 500_000
    include_folders: Globs = ()
    exclude_folders: Globs = ()
    received_since: Moment | None = None
    received_before: Moment | None = None
    skip_deleted: bool = True
    drafts: Literal["every"] = "every"
    read_receipts: Literal["off", "keep"] = "off"
    repair: bool = True
    rejected_limit: Annotated[int, AfterValidator(values.between(0, 2**31))] = 50
    mailboxes_at_once: Annotated[int, AfterValidator(values.between(1, 500))] = 10
    bandwidth: Rate | None = None  # bytes a second, at either end
    active_hours: ActiveHours | None = None
    sync_every: Duration = 86_400.0
    give_up_after: Duration = 86_400.0
    settle: Settle = None  # None is "auto": the destination knows
    folder_map: FolderMap = Field(default_factory=dict)


class Mailbox(_Table):
    """One source login and the destination address it goes to."""

    source: Text = Field(examples=["ann"])
    destination: Text = Field(examples=["ann@new.example"])
    password: SecretReference | None = None
    destination_username: Text | None = None
    destination_password: SecretReference | None = None
    root: Text | None = None  # at the source only: where this user's folders hang in a shared tree


def _kind(destination: Any) -> str | None:
    """Which destination is meant; "ews" where it does not say, None where it is no table."""
    if isinstance(destination, Mapping):
        kind = destination.get("kind", "ews")
        return kind if isinstance(kind, str) else ""
    return getattr(destination, "kind", None)


class Batch(_Table):
    """Mailboxes migrated together. `file` is where it was loaded from; relative paths start in its folder."""

    name: Annotated[str, AfterValidator(values.check_name)] = Field(examples=["sales-wave-1"])
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
                told.append(f"{side} {host}: passwords and mail cross the network unprotected")
            elif not endpoint.verify_certificate:
                told.append(
                    f"{side} {host}: its certificate is not verified; anyone in between can read and alter mail"
                )
        return tuple(told)


#: The model of each table, by its place; of the destination by its kind.
_TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
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
    for place, model in _TABLES.items()
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
