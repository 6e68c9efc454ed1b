"""Stock exchangelib as a reader that we did not write: what it sees is what a client sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def account(
    url: str, address: str, *, username: str, password: str, access: str = "impersonation", auth: str = "basic"
) -> Iterator[Any]:
    """An exchangelib Account for a mailbox; its connections are closed at the end.

    `access` is ``impersonation`` or ``delegate``, `auth` is ``basic`` or ``ntlm``.
    """
    from exchangelib import (
        BASIC,
        DELEGATE,
        IMPERSONATION,
        NTLM,
        UTC,
        Account,
        Build,
        Configuration,
        Credentials,
        Version,
    )
    from exchangelib.protocol import CachingProtocol

    configuration = Configuration(
        service_endpoint=url,
        credentials=Credentials(username, password),
        auth_type={"basic": BASIC, "ntlm": NTLM}[auth],
        version=Version(build=Build(15, 1, 2507, 6), api_version="Exchange2016"),
    )
    try:
        yield Account(
            address,
            config=configuration,
            access_type={"impersonation": IMPERSONATION, "delegate": DELEGATE}[access],
            default_timezone=UTC,
        )
    finally:
        CachingProtocol.clear_cache()  # it keeps one per address and user for the life of the process


@contextmanager
def property_of_messages(name: str, **description: object) -> Iterator[None]:
    """Let exchangelib's messages show an extended property as an attribute: tag, or set and name, and type."""
    from exchangelib import ExtendedProperty, Message

    Message.register(name, type(name, (ExtendedProperty,), dict(description)))
    try:
        yield
    finally:
        Message.deregister(name)
