"""What the contract promises and this version does not do yet: refused by name, never accepted and ignored."""

_ENDPOINT_KEYS = frozenset(
    {"tenant", "client_id", "client_secret", "certificate", "certificate_password", "service_account"}
)
_VALUES = {
    ("source", "auth"): frozenset({"xoauth2", "oauth2"}),
    ("destination", "auth"): frozenset({"kerberos", "oauth2", "xoauth2"}),
    ("options", "drafts"): frozenset({"final"}),
}


def key_not_built(table: str, key: str) -> bool:
    """Whether this key of this top-level table is known to the contract, but not to this version."""
    return table in {"source", "destination"} and key in _ENDPOINT_KEYS


def value_not_built(table: str, key: str, value: object) -> bool:
    """Whether this value of this key is known to the contract, but not to this version."""
    return isinstance(value, str) and value in _VALUES.get((table, key), ())
