"""The addresses below /sandbox/ while SANDBOX is on. API addresses have no final slash, as the real ones."""

from django.urls import path, re_path

from sandbox.views import account, bank, faults, inbox, mollie

app_name = "sandbox"

_PAYMENT = "mollie/v2/payments/<str:reference>"

urlpatterns = [
    path("", bank.overview, name="overview"),
    path("account/", account.show, name="account"),
    path("account/<int:days>.xml", account.statement, name="statement"),
    path("mollie/v2/payments", mollie.payment_list),
    path(_PAYMENT, mollie.payment_detail),
    path(f"{_PAYMENT}/refunds", mollie.refund_list),
    path(f"{_PAYMENT}/refunds/<str:refund>", mollie.refund_detail),
    path(f"{_PAYMENT}/chargebacks", mollie.chargeback_list),
    path(f"{_PAYMENT}/chargebacks/<str:chargeback>", mollie.chargeback_detail),
    path("mollie/v2/refunds", mollie.all_refunds),
    path("mollie/v2/chargebacks", mollie.all_chargebacks),
    path("mollie/v2/settlements", mollie.all_settlements),
    re_path(r"^mollie/v2(?P<rest>.*)$", mollie.unknown),
    path("mollie/checkout/<str:reference>/", bank.checkout, name="checkout"),
    path("mollie/state/<str:reference>/", bank.state, name="state"),
    path("sms", inbox.send_sms),
    path("sms/v1/messages", inbox.send_message),
    path("faults", faults.configuration),
    path("inbox.json", inbox.inbox_json),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/empty/", inbox.empty, name="empty"),
    path("inbox/<int:number>/", inbox.message, name="message"),
    path("inbox/<int:number>/html/", inbox.message_html, name="message_html"),
    path("inbox/<int:number>/mail.eml", inbox.message_raw, name="message_raw"),
    path("inbox/attachment/<int:number>/", inbox.attachment, name="attachment"),
]
