"""What the helpdesk has at the desk: messages of patients, and questions without an answer."""

from helpdesk import messages
from helpdesk.models import InvoiceMessage

OWN_PAGE = {
    "unanswered": {403},  # for operations alone
    "callbacks": {403},  # for operations alone
    "helpdesk_messages": {200, 405},  # it only lists
    "fraud_warning": {403},
}
ROWS = {"helpdesk_thread"}


def filled(provider, mark, rows):
    return {
        "invoicemessage": messages.write(rows["invoice"].pk, mark, form=f"form-of-{provider.pk:016}", language="nl")
    }


def slots(rows):
    return {"<int:invoice_id>": str(rows["invoice"].pk)}


def state_of(provider):
    return {"messages": list(InvoiceMessage.objects.filter(invoice__provider=provider).values())}
