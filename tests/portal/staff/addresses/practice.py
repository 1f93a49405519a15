"""A practice's first day and settings, adding practices, and changes of AGB codes."""

from billing.models import AgbChange, DetailsChange, PracticeChange, Provider

OWN_PAGE = {
    "first_day": {200, 303, 403},  # of one's own practice; a clerk only reads
    "practice": {200, 303, 403},  # of one's own practice; a clerk only reads
    "practice_logo": {200, 303, 403, 422},  # of one's own practice
    "practice_of": {404},
    "first_day_of": {404},
    "practice_add": {403},  # for operations alone
    "billing_agbchange_changelist": {403},
    "billing_detailschange_changelist": {403},
}
ROWS = {"billing_agbchange_change", "billing_detailschange_change"}


def filled(provider, mark, rows):
    return {
        "agbchange": AgbChange.objects.create(provider=provider, agb_code=f"99{provider.pk:06d}", asked_by=mark),
        "detailschange": DetailsChange.objects.create(provider=provider, details={"name": mark}, asked_by=mark),
    }


def slots(rows):
    return {"<int:provider_id>": str(rows["provider"].pk)}


def body(rows):
    return {"part": "rules", "rules-PAYMENT_TERM_DAYS": "60", "skip": "rules"}


def state_of(provider):
    changes = PracticeChange.objects.filter(provider=provider)
    return {"practice": list(Provider.objects.filter(pk=provider.pk).values()), "changes": list(changes.values())}
