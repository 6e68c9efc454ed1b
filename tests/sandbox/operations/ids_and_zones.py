"""ConvertId and GetServerTimeZones, which clients ask when they get to know a server.

Source: MS-OXWSCVTID, MS-OXWSGTZ.
"""

from lxml import etree

from tests.sandbox import folders, ids
from tests.sandbox.operations.call import Call
from tests.sandbox.soap import Answer, RefusedError, T

_UTC = (
    '<m:TimeZoneDefinitions><t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"><t:Periods>'
    '<t:Period Bias="PT0S" Name="Standard" Id="trule:Microsoft/Registry/UTC/1-Standard"/></t:Periods>'
    '<t:TransitionsGroups><t:TransitionsGroup Id="0"><t:Transition>'
    '<t:To Kind="Period">trule:Microsoft/Registry/UTC/1-Standard</t:To></t:Transition></t:TransitionsGroup>'
    '</t:TransitionsGroups><t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions>'
    "</t:TimeZoneDefinition></m:TimeZoneDefinitions>"
)


def convert_id(call: Call) -> list[Answer]:
    """Each id in the other format; ours look the same in all of them."""
    form = call.payload.get("DestinationFormat", "")

    def one(element: etree._Element) -> Answer:
        if element.tag != f"{T}AlternateId":
            raise RefusedError("ErrorUnsupportedTypeForConversion", "Only mailbox ids can be converted.")
        text = element.get("Id", "")
        for kind in "IF":
            try:
                found = ids.parse(text, kind)
            except RefusedError:
                continue
            mailbox = folders.mailbox_of(call.db, found.mailbox)
            return Answer(ids.alternate_id(text, form, mailbox.address))
        raise RefusedError("ErrorInvalidIdMalformed", "Id is malformed.")

    return call.each(call.child("SourceIds"), one, "")


def get_server_time_zones(_call: Call) -> list[Answer]:
    """The one time zone that this server knows."""
    return [Answer(_UTC)]
