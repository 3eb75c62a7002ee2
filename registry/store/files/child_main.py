"""Read one file in a process of its own: order and file on standard input, the sheets on standard output.

The process is thrown away after its file. It limits its own memory and time. It may not open a connection,
start a program or write a file. A reader that a file breaks ends alone.
"""

import ctypes
import importlib
import os
import resource
import sys
from contextlib import suppress
from typing import Any, Literal

import msgspec

from registry.domain.attachments.picture import Picture
from registry.domain.terrain.tile import ElevationTile
from registry.store.files.out.own_form import FormCells, fill_form

HEADER_BYTES = 4
READERS = {"picture": "picture", "elevation": "elevation"}
"""The module that does a task with Pillow."""
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.remove",
    "os.rename",
)
"""Beginnings of the audit events that no reader has a reason to cause."""


class FileOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with the file that follows, and the memory and processor time for it."""

    task: Literal["read", "far_cell", "fill", "picture", "elevation"] = "read"
    encoding: str | None = None
    memory_bytes: int
    cpu_s: int
    form: FormCells | None = None
    """What to fill into the file."""
    name: str = ""
    """What the file calls itself."""


class FileOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of a file, or why nothing was; `cell` is the farthest of a workbook."""

    sheets: bytes | None = None
    refusal: str | None = None
    figures: dict[str, Any] = {}
    cell: str | None = None
    filled: bytes | None = None
    picture: Picture | None = None
    elevation: ElevationTile | None = None


def main() -> None:
    """Obey one order."""
    size = int.from_bytes(sys.stdin.buffer.read(HEADER_BYTES))
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(size), type=FileOrder)
    confine(order)
    content = sys.stdin.buffer.read()
    sys.stdout.buffer.write(msgspec.msgpack.encode(obey(order, content)))


def confine(order: FileOrder) -> None:
    """Give up what the order does not need; from here on nothing can be taken back."""
    resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_s, order.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    leave_network()
    importlib.import_module(f"registry.store.files.{READERS.get(order.task, 'read')}")
    if order.task in READERS:
        _load_decoders()
    # From here on the hook refuses what imports may need.
    sys.addaudithook(_refuse)


def leave_network() -> None:
    """Enter a network of its own, without devices, where the platform lets a process do so."""
    with suppress(OSError, AttributeError):
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        if unshare(CLONE_NEWNET) != 0:
            unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _load_decoders() -> None:
    """Have Pillow import the readers of pictures."""
    from PIL import Image

    Image.preinit()
    for plugin in ("WebP", "Tiff"):
        importlib.import_module(f"PIL.{plugin}ImagePlugin")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        raise PermissionError(event)


def obey(order: FileOrder, content: bytes) -> FileOutcome:
    """The outcome of an order."""
    from registry.domain.intake.files.refusal import RefusedFile

    try:
        if order.task == "picture":
            from registry.store.files.picture import clean_picture

            return FileOutcome(picture=clean_picture(content))
        if order.task == "elevation":
            from registry.store.files.elevation import read_elevation

            return FileOutcome(elevation=read_elevation(content, order.name))
        return _table(order, content)
    except RefusedFile as refused:
        return FileOutcome(refusal=refused.code, figures=refused.figures)
    except MemoryError:
        return FileOutcome(refusal="limits_exceeded")


def _table(order: FileOrder, content: bytes) -> FileOutcome:
    """The outcome of an order about tables."""
    from registry.store.files.read import read_file
    from registry.store.files.spreadsheet import far_cell
    from registry.store.files.transport import pack

    if order.task == "far_cell":
        return FileOutcome(cell=far_cell(content))
    if order.form is not None:
        return FileOutcome(filled=fill_form(content, order.form))
    return FileOutcome(sheets=pack(read_file(content, order.encoding)))


if __name__ == "__main__":
    main()
