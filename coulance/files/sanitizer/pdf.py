"""A new PDF from the pages of a stranger's, with only what is needed to see them.

An allow-list first: pages keep their drawing, fonts, pictures and size. Everything that acts, links, fetches, embeds
or asks (actions, JavaScript, forms, annotations, attachments, layers, metadata) has no place in it, and is also looked
for inside what is kept. Streams are copied as they are: unpacking all of them is what a bomb waits for.
"""

import io
import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from coulance.files.sanitizer import BROKEN_FILE, Unacceptable

MAX_PAGES = 100
MAX_OBJECTS = 20_000
MAX_PIXELS = 100_000_000  # of one picture
MAX_PLAIN_BYTES = 300_000_000  # of all packed streams together: counted, never kept
MAX_LZW_BYTES = 256 * 1024  # packed; this old filter can't be counted here, and swells 2700 times at most
_CHUNK = 64 * 1024
_PAGE = ("/Type", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group")
_RESOURCES = ("/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/XObject", "/Font", "/ProcSet")
_FLATE = (Name.FlateDecode, Name("/Fl"))
_LZW = (Name.LZWDecode, Name("/LZW"))


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


# What never belongs in anything that a page draws with, wherever it hides. /Parent would lead out of the page; each
# page gets its own back at the end.
_NEVER = _words(
    "/A /AA /AF /AcroForm /Alternates /Annots /Collection /EF /EmbeddedFiles /GoToR /JS /JavaScript /LastModified"
    " /Launch /Metadata /Names /OC /OPI /OpenAction /Parent /PieceInfo /RF /Ref /RichMedia /StructParent /StructParents"
    " /SubmitForm /URI /XFA"
)
_OUTSIDE = ("/F", "/FFilter", "/FDecodeParms")  # in a stream: its bytes lie in another file
_ACTING_TYPES = _words("/Action /Annot /EmbeddedFile /F /Filespec /Rendition /Sig")
_ACTIONS = _words(
    "/GoTo /GoTo3DView /GoToE /GoToR /Hide /ImportData /JavaScript /Launch /Movie /Named /Rendition /ResetForm"
    " /RichMediaExecute /SetOCGState /Sound /SubmitForm /Thread /Trans /URI"
)
# In these the keys are names that a producer thought of, and may look like any of the words above. Only in resources:
# elsewhere the same key holds one font, one colour space.
_NAME_MAPS = _words("/ColorSpace /ExtGState /Font /Pattern /Shading /XObject")


def _open_source_of_chance() -> None:
    """qpdf opens /dev/urandom when it first meets encryption, and keeps it: behind the wall that would be too late."""
    sealed = Pdf.new()
    sealed.Root.Lang = "nl"  # something to encrypt
    sealed.save(io.BytesIO(), encryption=pikepdf.Encryption(owner="", user="", R=4))


_open_source_of_chance()


def rewrite(content: bytes) -> bytes:
    """The same pages in a new file. Raises Unacceptable: damaged, password, too_complex."""
    try:
        with Pdf.open(io.BytesIO(content), suppress_warnings=True, inherit_page_attributes=True) as source:
            return _written(_new_from(source))
    except pikepdf.PasswordError:
        raise Unacceptable("password") from None
    except RecursionError:
        raise Unacceptable("too_complex") from None
    except (pikepdf.PdfError, *BROKEN_FILE):
        raise Unacceptable("damaged") from None  # what a library says about a broken file has no more to tell


def _new_from(source: Pdf) -> Pdf:
    if source.is_encrypted:
        raise Unacceptable("password")
    if len(source.objects) > MAX_OBJECTS or len(source.pages) > MAX_PAGES:
        raise Unacceptable("too_complex")
    if len(source.pages) < 1:
        raise Unacceptable("damaged")
    if any("/Annots" in page.obj for page in source.pages):
        source.flatten_annotations("screen")  # what was filled in on a form is drawn; the form goes
    new = Pdf.new()
    for page in source.pages:
        _keep_only(page.obj, _PAGE)
        if isinstance(page.obj.get("/Resources"), Dictionary):
            _keep_only(page.obj.Resources, _RESOURCES)
        new.pages.append(page)
    plain_bytes = 0
    for stream in _strip([page.obj for page in new.pages]):
        plain_bytes += _plain_size(stream, MAX_PLAIN_BYTES - plain_bytes)
    for page in new.pages:
        page.obj.Parent = new.Root.Pages
    return new


def _written(new: Pdf) -> bytes:
    out = io.BytesIO()
    new.remove_unreferenced_resources()
    new.save(
        out,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        deterministic_id=True,
        encryption=False,
    )
    return out.getvalue()


def _keep_only(dictionary: Any, names: tuple[str, ...]) -> None:
    for key in set(dictionary.keys()) - set(names):
        del dictionary[key]


def _strip(roots: list[Object]) -> Iterator[Stream]:
    """Take out of everything that is reachable what may not be there; each stream that stays, once."""
    seen: set[tuple[int, int]] = set()
    waiting = [(root, "", False) for root in roots]
    visited = 0
    while waiting:
        current, place, is_name_map = waiting.pop()
        visited += 1
        if visited > 50 * MAX_OBJECTS:
            raise Unacceptable("too_complex")
        if current.is_indirect:
            if current.objgen in seen:
                continue
            seen.add(current.objgen)
        if isinstance(current, Array):
            waiting += [(item, "", False) for item in current if isinstance(item, Object)]
            continue
        if not isinstance(current, Dictionary | Stream):
            continue
        if isinstance(current, Stream):
            yield current
        _delete_what_may_not_stay(current, is_name_map=is_name_map)
        for key, value in current.items():
            if isinstance(value, Object):
                waiting.append((value, key, _is_name_map(place, key, value)))


def _is_name_map(place: str, key: str, value: Object) -> bool:
    named = (place == "/Resources" and key in _NAME_MAPS) or key == "/CharProcs"
    return named and isinstance(value, Dictionary) and not isinstance(value, Stream)


def _delete_what_may_not_stay(current: Any, *, is_name_map: bool) -> None:
    """Out of one dictionary or stream; all of it, when it acts by itself."""
    acts = _acts(current)
    for key in list(current.keys()):
        if key == "/Length" and isinstance(current, Stream):
            continue  # written anew, and never deleted
        outside = isinstance(current, Stream) and key in _OUTSIDE
        if acts or outside or not _may_stay(key, current.get(key), in_name_map=is_name_map):
            del current[key]


def _may_stay(key: str, value: Any, *, in_name_map: bool) -> bool:
    if in_name_map:
        if not isinstance(value, Array | Dictionary | Stream | Name):
            return False
        if isinstance(value, Name) and str(value) in _ACTIONS:
            return False
    elif key in _NEVER:
        return False
    return not _acts(value)


def _acts(value: Any) -> bool:
    """Whether this does something by itself, or is what hangs on a page instead of being drawn on it."""
    if isinstance(value, Dictionary | Stream):
        return str(value.get("/Type")) in _ACTING_TYPES or str(value.get("/S")) in _ACTIONS
    if isinstance(value, Array):
        return any(isinstance(item, Dictionary) and _acts(item) for item in value)
    return False


def _plain_size(stream: Stream, most: int) -> int:
    """How many bytes a viewer will unpack; raises Unacceptable as soon as that is more than `most`."""
    if int(stream.get("/Width", 0)) * int(stream.get("/Height", 0)) > MAX_PIXELS:
        raise Unacceptable("too_complex")
    filters = stream.get("/Filter", Array())
    chain = list(filters) if isinstance(filters, Array) else [filters]
    raw = stream.read_raw_bytes()
    if any(name in _LZW for name in chain) and len(raw) > MAX_LZW_BYTES:
        raise Unacceptable("too_complex")
    layers = 0
    for name in chain:
        if name not in _FLATE:
            break
        layers += 1
    total = 0
    for start in range(0, len(raw), _CHUNK):
        if start == 0:
            unpackers = [zlib.decompressobj() for _layer in range(layers)]
        total += _pour(raw[start : start + _CHUNK], unpackers, most - total)
    return total


def _pour(data: bytes, unpackers: list[Any], most: int) -> int:
    """Pour `data` through the unpackers, a little at a time; how much came out of all of them."""
    if not unpackers:
        return len(data)
    total, first, rest = 0, unpackers[0], unpackers[1:]
    while data:
        try:
            plain = first.decompress(data, _CHUNK)
        except zlib.error:
            return total  # a damaged picture; viewers show what they can
        total += len(plain)
        if rest:
            total += _pour(plain, rest, most - total)
        if total > most:
            raise Unacceptable("too_complex")
        data = first.unconsumed_tail
    return total
