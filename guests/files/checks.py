"""System checks: what the files of strangers need of this machine."""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from guests.files.sanitizer import isolation


@register(Tags.security)
def check_seccomp(**kwargs: Any) -> list[CheckMessage]:
    """Warn when the kernel can't isolate the process that opens uploaded files as promised."""
    if isolation.seccomp_available():
        return []
    return [
        Warning(
            "This machine can't filter system calls (seccomp).",
            hint="The process that opens a patient's file has limits of memory and time only: a flaw in a library that"
            " reads PDF or pictures could reach other files and the network. Run on Linux with seccomp, and install"
            " libseccomp2.",
            id="guests.W001",
        )
    ]
