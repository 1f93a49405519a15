"""Uploads of two patients of the demo: overviews of an invented insurer, drawn here."""

import io

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageDraw, ImageFont

from coulance import specifications
from coulance.models import CoulanceCase
from guests.files.receiving import Upload

# The end of the invoice number: declared, granted, deductible, paid out.
SENT = {
    "00115": ("217,54", "163,16", "100,00", "63,16"),
    "00119": ("188,28", "141,21", "0,00", "141,21"),
}


OFFERED = (31, 115, 119)
SHOWS = {115: _("waiting for the care provider (coulance)")}


def fields(number: int) -> dict[str, bool]:
    """Return what the demo practice says of coulance on the invoice whose number ends so."""
    return {"coulance": number in OFFERED}


def seed() -> None:
    """Upload the overviews as the demo's patients would; the worker checks them."""
    for case in CoulanceCase.objects.filter(specifications=None).select_related("invoice"):
        amounts = SENT.get(case.invoice.number.rpartition("-")[2])
        if amounts:
            upload = Upload("vergoeding.png", _overview(case.invoice.number, *amounts))
            specifications.receive(case.pk, [upload], by="demo")


def _overview(number: str, *amounts: str) -> bytes:
    sheet = Image.new("RGB", (840, 760), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 840, 110), fill="#3b5b92")
    draw.text((50, 35), "Zorgverzekeraar Voorbeeld", fill="white", font=ImageFont.load_default(36))
    draw.text((50, 150), "Vergoedingenoverzicht", fill="#14222a", font=ImageFont.load_default(30))
    text = ImageFont.load_default(24)
    draw.text((50, 210), f"Rekening {number}", fill="#14222a", font=text)
    labels = ("Gedeclareerd", "Vergoed volgens uw polis", "Af: eigen risico", "Aan u uitbetaald")
    for i, (label, amount) in enumerate(zip(labels, amounts, strict=True)):
        y = 290 + 80 * i
        draw.line((50, y + 55, 790, y + 55), fill="#c8ced8", width=2)
        draw.text((50, y), label, fill="#14222a", font=text)
        draw.text((790, y), f"EUR {amount}", fill="#14222a", font=text, anchor="ra")
    draw.text((50, 660), "Dit is een verzonnen voorbeeld.", fill="#4a5a63", font=ImageFont.load_default(20))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()
