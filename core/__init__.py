"""What moves the mail. It knows no screen: `tui` is one reader of its store, `core.cli` another."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mailcutover")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
