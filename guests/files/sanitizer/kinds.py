"""The kinds of file that are taken, by their first bytes: a name and the browser's content type prove nothing."""

PDF_WITHIN = 1024  # every viewer looks for the mark of a PDF so far: behind a byte-order mark, or headers of a mail
_PDF = b"%PDF-"
_MAGIC = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF8",
    "bmp": b"BM",
}
_TIFF = (b"II*\0", b"MM\0*")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_BMP_HEAD = 14


def kind_of(content: bytes) -> str | None:
    """Return pdf, jpeg, png, webp, heic, avif, tiff, gif or bmp; None for any other kind.

    Bytes before the mark of a PDF allow files that are two kinds at once. They do no harm: what comes out is pictures.
    """
    for kind, magic in _MAGIC.items():
        if content.startswith(magic) and (kind != "bmp" or _is_bitmap(content)):
            return kind
    if content.startswith(_TIFF):
        return "tiff"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp":
        return _of_brands(content)
    return "pdf" if _PDF in content[: PDF_WITHIN + len(_PDF)] else None


def _is_bitmap(content: bytes) -> bool:
    """Tell whether the head of a bitmap follows its two letters, which many a text begins with too."""
    return content[6:10] == bytes(4) and int.from_bytes(content[_BMP_HEAD : _BMP_HEAD + 4], "little") in (
        12,
        40,
        108,
        124,
    )


def _of_brands(content: bytes) -> str | None:
    """Return the kind of an ISO media file by its brands: the major one, then those that it is compatible with."""
    size = min(int.from_bytes(content[:4], "big"), 256)
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF for brand in brands):
        return "avif"
    return "heic" if any(brand in _HEIC for brand in brands) else None
