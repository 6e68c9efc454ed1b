"""What moves the mail. It knows no screen: `tui` is one reader of its store, `core.cli` another."""


def version() -> str:
    """Which mailcutover this is, such as ``0.1.0``. Asked for when it is needed: looking it up takes 40 ms."""
    from importlib import metadata

    try:
        return metadata.version("mailcutover")
    except metadata.PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
