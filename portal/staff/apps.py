"""The staff site at /beheer/."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Django's admin, with our own site in the place of the default one."""

    default_site = "portal.staff.site.StaffSite"
