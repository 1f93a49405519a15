"""The practice's own people: what they may do, who they are, what they have to do."""

OWN_PAGE = {
    "rights": {200, 303, 403},  # a clerk reads, an approver changes the table of the own practice
    "colleagues": {200, 403, 404, 422},  # 404: a row of another practice
    "other_practice": {404, 405},
    "billing_patient_payer": {403, 404},  # a clerk has not that right, and whose patient it is stays unsaid
}
PUBLIC = {"invitation", "new_password", "forgotten"}  # the first two for whoever has a link that nobody can guess
ROWS = {"billing_patient_task", "billing_invoice_task", "billing_stafftask_give"}


def slots(rows):
    return {"<str:link>": "made.up"}


def body(rows):
    """What is posted about tasks: a reason to close one, and what is asked for another."""
    return {"note": "CHANGED", "kind": "asked_call", "words": "CHANGED", "key": "key"}
