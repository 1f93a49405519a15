"""Questions to which the assistant had no answer, for whoever writes the FAQ."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedText
from billing.links import new_token


class UnansweredQuestion(SealedText, models.Model):
    """What somebody asked, in words that everybody uses. It does not say who asked, nor about which invoice."""

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    asked_on = models.DateField(_("asked on"), default=timezone.localdate)
    language = models.CharField(_("language"), max_length=2)
    sealed_text = models.BinaryField(editable=False, default=b"")
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    read_by = models.CharField(_("read by"), max_length=60, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("unanswered question"), _("unanswered questions")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.asked_on)

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"helpdesk_unanswered.text:{self.token}"
