"""Validation of requests and answers against Microsoft's schemas, where a folder with them is given.

The folder holds `ews-messages.xsd`, `ews-types.xsd` and `xml.xsd` (MS-OXWS* merged into two files). They are
Microsoft's and no part of this project, so validation can be off; then the server says so once.
"""

from functools import cache
from pathlib import Path
from threading import Lock

from lxml import etree

from tests.sandbox.soap import SoapFaultError, T


@cache
def compiled(folder: Path) -> "Schemas":
    """The schemas of a folder; compiled once."""
    return Schemas(folder)


class Schemas:
    """The compiled schemas. One lock, because libxml2 keeps its error log in the schema."""

    def __init__(self, folder: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(str(folder / "ews-messages.xsd")))
        self._lock = Lock()

    def problem(self, element: etree._Element) -> str | None:
        """What is wrong with an element, as one line; None when it is valid."""
        with self._lock:
            try:
                self._schema.assertValid(element)
            except etree.DocumentInvalid as error:
                return str(error)
        return None

    def check_request(self, element: etree._Element) -> None:
        """Raise the fault that Exchange answers to a request which breaks the schema."""
        if element.tag == f"{T}RequestServerVersion":
            return  # the schema fixes it to the server's own version; servers take older ones all the same
        problem = self.problem(element)
        if problem is not None:
            raise SoapFaultError(
                "ErrorSchemaValidation",
                f"The request failed schema validation: {problem}",
                values={"LineNumber": str(element.sourceline), "LinePosition": "1", "Violation": problem},
            )
