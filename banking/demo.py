"""What the demo shows of the bank: our account at the stand-in bank, and practices that are paid."""

from django.conf import settings

from banking import accounts
from banking.models import PayoutTerms
from billing.models import Provider


def seed() -> None:
    """Add our account, and terms of payout of each demo practice."""
    accounts.add(settings.OPERATOR["iban"], name=settings.OPERATOR["name"], by="demo")
    for provider in Provider.objects.all():
        PayoutTerms.objects.get_or_create(provider=provider)
