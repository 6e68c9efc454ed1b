"""The operations that the practice Exchange speaks, one function each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.sandbox.operations import change_item, create_item, folder_operations, ids_and_zones, read_item
from tests.sandbox.operations.call import Call
from tests.sandbox.soap import Answer


@dataclass(frozen=True, slots=True)
class Operation:
    """How an operation is done, and whether it writes."""

    run: Callable[[Call], list[Answer]]
    writes: bool


OPERATIONS: Final = {
    "ConvertId": Operation(ids_and_zones.convert_id, writes=False),
    "CreateFolder": Operation(folder_operations.create_folder, writes=True),
    "CreateItem": Operation(create_item.create_item, writes=True),
    "DeleteFolder": Operation(folder_operations.delete_folder, writes=True),
    "DeleteItem": Operation(change_item.delete_item, writes=True),
    "FindFolder": Operation(folder_operations.find_folder, writes=False),
    "FindItem": Operation(read_item.find_item, writes=False),
    "GetAttachment": Operation(read_item.get_attachment, writes=False),
    "GetFolder": Operation(folder_operations.get_folder, writes=False),
    "GetItem": Operation(read_item.get_item, writes=False),
    "GetServerTimeZones": Operation(ids_and_zones.get_server_time_zones, writes=False),
    "MoveFolder": Operation(folder_operations.move_folder, writes=True),
    "MoveItem": Operation(change_item.move_item, writes=True),
    "UpdateFolder": Operation(folder_operations.update_folder, writes=True),
    "UpdateItem": Operation(change_item.update_item, writes=True),
}
