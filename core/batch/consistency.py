"""What no key says alone: keys that need, exclude or repeat one another.

Works on the tables as they are written, whether their single values are right or not, so that these problems are told
together with those; what is missing or of a wrong type is passed over here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.batch.problem import Problem, key_path, shown
from core.batch.values import IMAP_PORTS, imap_identity, to_moment

_A_REFERENCE = 'allowed: a secret reference such as "env:{}"'


@dataclass(frozen=True, slots=True)
class _Ends:
    """Both servers' tables; `kind` and `access` are the destination's, None where nothing usable stands there."""

    source: Mapping[str, Any]
    destination: Mapping[str, Any]
    kind: str | None
    access: str | None


def contradictions(batch: Mapping[str, Any]) -> list[Problem]:
    """Every problem between keys of a batch, by place."""
    destination = _table(batch, "destination")
    ends = _Ends(
        _table(batch, "source"),
        destination,
        _text({"kind": "ews", **destination}, "kind") if isinstance(batch.get("destination"), Mapping) else None,
        _text({"access": "impersonation", **destination}, "access"),
    )
    found = [
        *_certificates("source", ends.source),
        *_certificates("destination", ends.destination),
        *_account(ends),
        *_connections(ends),
        *_trees(ends),
        *_dates(_table(batch, "options")),
    ]
    mailboxes = batch.get("mailboxes")
    if isinstance(mailboxes, list | tuple):
        rows = [(number, row) for number, row in enumerate(mailboxes) if isinstance(row, Mapping)]
        found += _repeated(rows)
        for number, row in rows:
            found += _own_passwords(number, row, ends)
            found += _address(number, row, ends)
    return found


def _certificates(side: str, endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    if endpoint.get("ca_file") is None:
        return
    plain = endpoint.get("security") == "none" or (_text(endpoint, "url") or "").startswith("http:")
    if plain:
        yield Problem(f"{side}.ca_file", "means nothing on a way without TLS; leave it out, or secure the way")
    elif endpoint.get("verify_certificate") is False:
        yield Problem(f"{side}.ca_file", "means nothing with verify_certificate = false; leave one of the two out")


def _dates(options: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        since, before = to_moment(options.get("received_since")), to_moment(options.get("received_before"))
    except ValueError:
        return  # one is absent, or no date: told elsewhere
    if since >= before:
        yield Problem(
            "options.received_before", "is not after received_since, so that no message is left; allowed: a later date"
        )


def _account(ends: _Ends) -> Iterator[Problem]:
    if ends.kind != "ews":
        return
    access = ends.access
    for key, example in (("username", '"svc-migration@new.example"'), ("password", '"env:EXCHANGE_PASSWORD"')):
        given = ends.destination.get(key) is not None
        if access == "direct" and given:
            yield Problem(
                f"destination.{key}", 'means nothing with access = "direct", where each mailbox signs in; leave it out'
            )
        elif access in {"impersonation", "delegate"} and not given:
            yield Problem(f"destination.{key}", f'is missing; access = "{access}" needs it, such as {example}')


def _connections(ends: _Ends) -> Iterator[Problem]:
    server = _server(ends.source)
    if server is None or ends.kind != "imap" or server != _server(ends.destination):
        return
    for side, endpoint in (("source", ends.source), ("destination", ends.destination)):
        if endpoint.get("max_connections") == 1:
            yield Problem(
                f"{side}.max_connections", "is too few: both ends are one server, and a mailbox needs two; allowed: 2"
            )


def _trees(ends: _Ends) -> Iterator[Problem]:
    if ends.kind == "imap" and _same_login_for_all(ends.destination):
        yield Problem(
            "destination.admin.style",
            'has no {user} in it, so that all mail would go to one mailbox; allowed: "authzid" '
            'or a login with {user} in it, such as "{user}*{admin}"',
        )


def _same_login_for_all(endpoint: Mapping[str, Any]) -> bool:
    """Whether the administrator signs in as himself alone, and sees everybody's folders in one tree."""
    style = _text(_table(endpoint, "admin"), "style")
    return style is not None and "{admin}" in style and "{" not in style.replace("{admin}", "")


def _repeated(rows: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """A source or destination that two mailboxes have. Logins may differ by case alone, addresses may not."""
    for key, cure in (("source", "give each login once"), ("destination", "give each mailbox its own")):
        first: dict[str, int] = {}
        for number, row in rows:
            name = _text(row, key)
            if name is None:
                continue
            known = first.setdefault(name.lower() if key == "destination" else name, number)
            if known != number:
                place = key_path(("mailboxes", known, key))
                yield Problem(key_path(("mailboxes", number, key)), f"{shown(name)} is {place} already; {cure}")


def _own_passwords(number: int, row: Mapping[str, Any], ends: _Ends) -> Iterator[Problem]:
    name = _text(row, "source")
    who = f"for {shown(name)}" if name else "for this mailbox"

    def problem(key: str, text: str) -> Problem:
        return Problem(key_path(("mailboxes", number, key)), text)

    if row.get("password") is None and ends.source.get("admin") is None:
        reference = _A_REFERENCE.format("ANN_PASSWORD")
        yield problem("password", f"is missing {who}; {reference}, or one [source.admin] for all")
    elif row.get("password") is None and row.get("root") is None and _same_login_for_all(ends.source):
        yield problem(
            "root", f"is missing {who}: source.admin.style has no {{user}} in it; say where this user's folders hang"
        )
    missing = row.get("destination_password") is None
    reference = _A_REFERENCE.format("ANN_NEW_PASSWORD")
    if ends.kind == "imap":
        if missing and ends.destination.get("admin") is None:
            yield problem("destination_password", f"is missing {who}; {reference}, or one [destination.admin] for all")
    elif ends.kind == "ews" and ends.access == "direct":
        if missing:
            yield problem("destination_password", f'is missing {who}; access = "direct" needs it; {reference}')
    elif ends.kind == "ews" and ends.access in {"impersonation", "delegate"}:
        for key in ("destination_username", "destination_password"):
            if row.get(key) is not None:
                cure = 'leave it out, or use access = "direct"'
                yield problem(key, f'means nothing {who} with access = "{ends.access}"; {cure}')


def _address(number: int, row: Mapping[str, Any], ends: _Ends) -> Iterator[Problem]:
    address = _text(row, "destination")
    if address is None:
        return
    place = key_path(("mailboxes", number, "destination"))
    if ends.kind == "ews":
        local, _, domain = address.rpartition("@")
        if not local or not domain or " " in address:
            yield Problem(place, f'{shown(address)} is no address; allowed: a mail address such as "ann@new.example"')
    elif ends.kind == "imap":
        login = _text(row, "destination_username") or address
        server = _server(ends.destination)
        if server and server == _server(ends.source) and login.lower() == str(row.get("source")).lower():
            yield Problem(place, f"{shown(address)} is its own source, all its mail would be doubled; name another")


def _server(endpoint: Mapping[str, Any]) -> str | None:
    """Which IMAP server this is, whatever identity it was given."""
    host = _text(endpoint, "host")
    if host is None:
        return None
    port = endpoint.get("port", IMAP_PORTS["tls"])
    return imap_identity(host, port) if isinstance(port, int) else None


def _table(batch: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = batch.get(name)
    return table if isinstance(table, Mapping) else {}


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    return value if isinstance(value, str) and value else None
