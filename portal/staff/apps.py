"""The staff site at /beheer/."""

from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class StaffAdminConfig(AdminConfig):
    """Django's admin, with our own site in the place of the default one; a room keeps its tables in `desk/admin.py`."""

    default_site = "portal.staff.site.StaffSite"

    def ready(self) -> None:
        super().ready()
        autodiscover_modules("desk.admin")
