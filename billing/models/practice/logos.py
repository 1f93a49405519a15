"""The logo of a practice: public, small, and rewritten by us from what was uploaded."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.links import new_token
from billing.models.parties import Provider


class PracticeLogo(models.Model):
    """A picture that patients see on the page of an invoice. `Provider.logo` has the token of the one that counts."""

    class Kind(models.TextChoices):
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="logos", verbose_name=_("provider"))
    token = models.CharField(max_length=32, unique=True, default=new_token)
    kind = models.CharField(max_length=4, choices=Kind)
    content = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("logo of a practice"), _("logos of practices")

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind}"
