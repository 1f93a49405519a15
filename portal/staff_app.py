"""The staff site at /beheer/."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    pass
