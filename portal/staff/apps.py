"""The staff site at /beheer/."""

from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class StaffAdminConfig(AdminConfig):
    """Django's admin with our own site in place of the default one; a room registers its tables in `desk/admin.py`."""

    default_site = "portal.staff.site.StaffSite"

    def ready(self) -> None:
        """Register the tables of all rooms."""
        super().ready()
        autodiscover_modules("desk.admin")
