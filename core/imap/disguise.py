"""Messages whose lines a server could carry out as commands.

A server that does not understand an APPEND may read the message behind it as commands: of a mail that was refused with
BAD, Dovecot 2.3 carried out ``x2 CREATE ...`` and ``x3 DELETE ...``, whatever stood behind the name (measured).
"""

import re

# Any tag; then what changes something, or is answered with nothing behind it. In English one message in a hundred looks
# so, for "to create" and the like at the start of a line.
_LINE = (
    rb"[^ \r\n]+ (?:UID )?(?:"
    rb"(?:CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|SETACL|DELETEACL|SETQUOTA|SETMETADATA|SETANNOTATION) [^\r\n]"
    rb"|(?:STORE|COPY|MOVE|FETCH|EXPUNGE|REPLACE) [\d*$]"
    rb"|APPEND [^\r\n]*\}"
    rb"|(?:EXPUNGE|CLOSE)(?:[ \r\n]|\Z)"
    rb"|(?:NOOP|CHECK|IDLE|CAPABILITY|NAMESPACE|UNSELECT|STARTTLS|LOGOUT)\r?(?:\n|\Z))"
)
_FIRST = re.compile(_LINE, re.IGNORECASE)
_LATER = re.compile(rb"\n" + _LINE, re.IGNORECASE)


def holds_command(message: bytes) -> bool:
    """Whether a line of it reads like a command that a server may have."""
    return bool(_FIRST.match(message) or _LATER.search(message))
