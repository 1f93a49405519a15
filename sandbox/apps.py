"""The sandbox as a Django app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Stand-ins for the payment gateway, the bank, the mail server and the SMS service."""

    name = "sandbox"
    label = "sandbox"
