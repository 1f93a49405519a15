"""The acts on a case in words: the timeline of an invoice tells them between its own."""

from django.utils.translation import gettext_noop

AUDIT_LABELS = {
    "specification_received": gettext_noop("patient sent files"),
    "specification_refused": gettext_noop("file not accepted"),
    "specification_withdrawn": gettext_noop("patient took a file back"),
    "case_message_written": gettext_noop("patient wrote a message"),
    "case_reached_provider": gettext_noop("coulance: waits for the care provider"),
    "case_decision_proposed": gettext_noop("coulance: decision proposed, a second person has to agree"),
    "case_proposal_put_aside": gettext_noop("coulance: proposed decision put aside"),
    "case_decision": gettext_noop("coulance: decision"),
    "case_more_asked": gettext_noop("coulance: more asked of the patient"),
    "case_adjusted": gettext_noop("coulance: amount lowered"),
    "case_rejected": gettext_noop("coulance: amount not lowered"),
    "case_withdrawn": gettext_noop("coulance: patient pays the full amount"),
    "case_kept": gettext_noop("coulance: earlier decision stands"),
    "case_expired": gettext_noop("coulance: ended, no specification came"),
    "coulance_rules_added": gettext_noop("coulance: rules of the practice set"),
    "coulance_rules_changed": gettext_noop("coulance: rules of the practice changed"),
}
