"""The stored documents: listed, read and restored through the storage, whichever it is."""

from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages


def names() -> list[str]:
    """Return the names of all stored files."""
    return sorted(_below(storages["default"], ""))


def _below(store: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = store.listdir(folder)
    except FileNotFoundError:
        return  # nothing was ever stored
    for name in files:
        yield f"{folder}/{name}" if folder else name
    for name in folders:
        yield from _below(store, f"{folder}/{name}" if folder else name)


def read(name: str) -> bytes | None:
    """Return the bytes, encrypted as they are stored; None when the file was deleted since it was listed."""
    try:
        with storages["default"].open(name) as file:
            return file.read()
    except FileNotFoundError:
        return None


def put(name: str, content: bytes) -> None:
    """Store a file. Raises ValueError when the storage chose another name, under which no row would find it."""
    stored = storages["default"].save(name, ContentFile(content))
    if stored != name:
        storages["default"].delete(stored)
        raise ValueError(f"the storage has a file of this name: {name}")


def remove(name: str) -> None:
    """Delete a file."""
    storages["default"].delete(name)
