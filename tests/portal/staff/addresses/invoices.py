"""Billing's own desk: patients, invoices, credit, search."""

from billing.links import new_token

OWN_PAGE = {
    "billing_file": {404},  # what somebody else asked for
    "find": {200, 302, 405},
    "found": {302, 405},  # what somebody else searched for is unknown here
    "credits": {200, 303, 403, 422},  # a clerk may not change the limits, an approver those of the own practice
}
ROWS = {
    "billing_patient_contact",
    "billing_invoice_lines",
    "billing_invoice_pdf",
    "billing_invoice_receive",
    "billing_invoice_refund",
    "billing_invoice_statement",
    "billing_invoice_statement_pdf",
    "billing_invoice_statement_csv",
    "billing_invoice_credit",
    "billing_invoice_move",
    "billing_invoice_credit_note",
    "billing_staff_history",
}


def slots(rows):
    return {
        "<int:note_id>": str(rows["invoice"].credit_notes.get().pk),
        "<int:message_id>": str(rows["outboxmessage"].pk),
        "<slug:search_id>": new_token(),
        "<token:file>": new_token(),
    }
