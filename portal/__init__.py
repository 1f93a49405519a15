"""The project package: settings, the patient's pages of billing, intake, the staff site, operations."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
