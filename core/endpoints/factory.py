"""The sources and destinations that a batch means. Nothing here connects: the first call on a port does.

A secret is read at each sign-in, so that SecretError may come from any call on what is made here.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.batch.definition import Batch, EwsDestination, ImapDestination, Mailbox, SourceEndpoint
from core.batch.logins import Login, destination_login, source_login
from core.batch.values import web_port
from core.ports.destination import Destination
from core.ports.failure import Side
from core.ports.meter import UNLIMITED, Meter
from core.ports.source import Source

if TYPE_CHECKING:
    from core.imap.connection import Connection


def load(batch: Batch) -> None:
    """Make ready for a run: import the code for both ends, which takes up to a second, once and before all workers.

    A sign-in that was refused in an earlier run may be tried again.
    """
    importlib.import_module("core.imap.source")
    if isinstance(batch.destination, EwsDestination):
        from core.exchange.sign_in import forget_refusals

        importlib.import_module("core.exchange.destination")
        forget_refusals()
    else:
        importlib.import_module("core.imap.destination")


def open_source(batch: Batch, mailbox: Mailbox, *, spool: Path | None = None, meter: Meter = UNLIMITED) -> Source:
    """This mailbox at the source; `spool` is the folder where large messages wait in unnamed files."""
    from core.imap.source import ImapSource

    connection = _connection(batch, batch.source, source_login(batch, mailbox), Side.SOURCE, spool, meter)
    return ImapSource(connection, root=mailbox.root)


def open_destination(batch: Batch, mailbox: Mailbox, *, meter: Meter = UNLIMITED) -> Destination:
    """This mailbox at the destination."""
    login = destination_login(batch, mailbox)
    if isinstance(batch.destination, EwsDestination):
        return _exchange(batch, batch.destination, login, mailbox.destination, meter)
    from core.imap.destination import ImapDestination as Imap

    return Imap(_connection(batch, batch.destination, login, Side.DESTINATION, None, meter))


def endpoint_name(endpoint: SourceEndpoint | ImapDestination | EwsDestination) -> str:
    """Which server it is, as ``host:port``: connections are counted by it, over all batches."""
    if isinstance(endpoint, EwsDestination):
        parts = urlsplit(endpoint.url)
        host, port = parts.hostname or "", web_port(parts)
    else:
        host, port = endpoint.host.lower(), endpoint.port
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _connection(
    batch: Batch,
    endpoint: SourceEndpoint | ImapDestination,
    login: Login,
    side: Side,
    spool: Path | None,
    meter: Meter,
) -> "Connection":
    from core.imap.connection import Address, AdminSignIn, Connection, SignIn

    address = Address(
        endpoint.host,
        endpoint.port,
        endpoint.security,
        batch.beside(endpoint.ca_file) if endpoint.ca_file else None,
        endpoint.verify_certificate,
    )
    admin = AdminSignIn(login.admin.username, login.admin.style) if login.admin else None
    return Connection(address, SignIn(login.username, login.password, admin), side, spool=spool, meter=meter)


def _exchange(batch: Batch, endpoint: EwsDestination, login: Login, address: str, meter: Meter) -> Destination:
    from core.exchange.destination import ExchangeDestination
    from core.exchange.settings import Settings

    settings = Settings(
        url=endpoint.url,
        access=endpoint.access,
        auth=endpoint.auth,
        username=login.username,
        password=login.password,
        ca_file=batch.beside(endpoint.ca_file) if endpoint.ca_file else None,
        verify=endpoint.verify_certificate,
        max_connections=endpoint.max_connections,
        read_receipts=batch.options.read_receipts,
        meter=meter,
    )
    return ExchangeDestination(settings, address)
