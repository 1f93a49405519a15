"""The stored documents, wherever the storage keeps them: listed, read and put back by its own means."""

from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages


def names() -> list[str]:
    """The name of every stored file."""
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
    """The bytes, sealed as they lie there; None when somebody let go of the file since it was listed."""
    try:
        with storages["default"].open(name) as file:
            return file.read()
    except FileNotFoundError:
        return None


def put(name: str, content: bytes) -> None:
    """Raises ValueError when the storage would keep it under another name, where no row would find it."""
    kept = storages["default"].save(name, ContentFile(content))
    if kept != name:
        storages["default"].delete(kept)
        raise ValueError(f"the storage has a file of this name: {name}")


def remove(name: str) -> None:
    storages["default"].delete(name)
