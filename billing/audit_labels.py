"""Labels of billing's audit actions, for the timeline of an invoice. Each room announces its own."""

from django.utils.translation import gettext_noop

AUDIT_LABELS = {
    "hold_placed": gettext_noop("put on hold"),
    "hold_released": gettext_noop("hold ended"),
    "plan_agreed": gettext_noop("deferral or payment plan agreed"),
    "plan_completed": gettext_noop("deferral or payment plan paid in full"),
    "plan_broken": gettext_noop("deferral or payment plan ended without being paid"),
    "plan_canceled": gettext_noop("deferral or payment plan replaced or withdrawn"),
    "plan_ended_by_hand": gettext_noop("payment plan ended by staff, its reminder could not be delivered"),
    "installment_missed": gettext_noop("installment missed, reminder sent"),
    "task_closed": gettext_noop("staff task closed"),
    "payment_rejected": gettext_noop("the gateway refused to start the payment"),
    "payment_late": gettext_noop("paid after the payment had ended"),
    "payment_released": gettext_noop("quarantined payment released by staff, the gateway is asked again"),
    "refund_failed": gettext_noop("refund failed, amount booked back"),
    "message_not_possible": gettext_noop("no message possible"),
    "message_failed": gettext_noop("message could not be sent"),
    "message_in_doubt": gettext_noop("unknown whether the message was sent"),
    "message_withdrawn": gettext_noop("message withdrawn before it was sent"),
    "message_bounced": gettext_noop("mail came back"),
    "charges_waived": gettext_noop("costs and interest taken off"),
    "dunning_resumed": gettext_noop("reminders go on"),
    "dunning_in_doubt": gettext_noop("a backup was restored: unknown whether the next letter left"),
    "announced_by_hand": gettext_noop("invoice delivered in another way"),
    "message_sent_again": gettext_noop("message queued again"),
    "message_marked_delivered": gettext_noop("message marked as delivered"),
    "invoice_erased": gettext_noop("personal and medical data erased"),
    "patient_corrected": gettext_noop("name, address or contact of the patient corrected by the care provider"),
    "staff_added": gettext_noop("staff member added"),
    "staff_changed": gettext_noop("staff member changed"),
}
