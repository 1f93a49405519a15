"""QR codes: of a link, and of a bank transfer (EPC069-12), which the app of a bank reads."""

import io

import segno
from segno.helpers import make_epc_qr

from billing.invoices.transfers import Transfer

_QUIET = 4  # modules of white around a code, which scanners need


def link(address: str, *, label: str) -> str:
    """Return `address` as an inline SVG QR code."""
    return segno.make(address, error="m").svg_inline(border=0, scale=1, title=label, omitsize=True, svgclass="qr")


def transfer_inline(transfer: Transfer, *, label: str) -> str:
    """Return a transfer as an inline SVG QR code."""
    return _epc(transfer).svg_inline(border=0, scale=1, title=label, omitsize=True, svgclass="qr")


def transfer_image(transfer: Transfer, *, label: str) -> bytes:
    """Return a transfer as an SVG file with a white ground, whatever the colours of the page around it."""
    image = io.BytesIO()
    _epc(transfer).save(image, kind="svg", border=_QUIET, scale=1, title=label, light="#fff", omitsize=True)
    return image.getvalue()


def _epc(transfer: Transfer) -> segno.QRCode:
    """Make the code. A Dutch payment reference is not an ISO 11649 one, so it is the text of the transfer."""
    account = transfer.account
    return make_epc_qr(
        name=account.name, iban=account.iban, amount=transfer.amount, text=transfer.reference, encoding="utf-8"
    )
