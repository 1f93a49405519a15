"""The staff site: Django's admin with a second factor, our own tables only, and a start page with open work."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django_otp.admin import OTPAdminSite

from billing import rights, rooms
from billing.desk.base import TenantAdmin
from billing.desk.worklist import waiting_for
from billing.documents.desk import BY_ITSELF
from billing.rooms import Desk, DeskPage
from billing.tenancy import practices_of
from portal.staff import figures, idle, operations, otp, views
from portal.staff.colleagues import forgotten, invited, people, practices
from portal.staff.menu import menu

# `/r/` reveals the address of any row of any provider; signing out must also work before there is a code app.
_NOT_OURS = ("view_on_site", "logout")


class StaffSite(OTPAdminSite):
    """Only staff verified by a second factor have any permission; templates call the site "admin"."""

    site_title = site_header = _("Zorgrekening staff")
    index_title = _("Today")
    site_url = None
    enable_nav_sidebar = False
    index_template = "admin/index.html"

    def __init__(self) -> None:
        super().__init__(name="admin")
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a table based on TenantAdmin, and ignore all others.

        Those of other packages (devices, groups, sign-in attempts) are not scoped to a provider.
        """
        if admin_class is not None and issubclass(admin_class, TenantAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Return the addresses of the site."""
        stock = [url for url in super().get_urls() if getattr(url, "name", None) not in _NOT_OURS]
        own: list[URLPattern] = [
            path("uitloggen/", views.sign_out, name="logout"),
            path("code-app/", views.enrol, name="enrol"),
            path("herstelcodes/", self.admin_view(views.recovery_codes), name="recovery_codes"),
            path("wachtwoord-vergeten/", forgotten.ask, name="forgotten"),
            path("wachtwoord-kiezen/<str:link>/", forgotten.choose, name="new_password"),
            path("uitnodiging/<str:link>/", invited.show, name="invitation"),
            path("collegas/", self.admin_view(people.show), name="colleagues"),
            path("andere-praktijk/", self.admin_view(practices.choose), name="other_practice"),
            path("blijven/", self.admin_view(views.extend_session), name="stay"),
            path("toestand/", self.admin_view(operations.show), name="operations"),
            path("cijfers/", self.admin_view(figures.show), name="figures"),
            path("maanden/", self.admin_view(figures.of_month), name="months"),
            path("maanden/cijfers.csv", self.admin_view(figures.of_month), name="months_csv"),
            path("cijfers/<slug:name>.<slug:kind>", self.admin_view(figures.file), name="figures_file"),
        ]
        return own + [self._address(page) for page in _pages()] + stock

    def _address(self, page: DeskPage) -> URLPattern:
        """Return the address of a room's page, which opens only to its roles."""

        @wraps(page.view)
        def for_its_roles(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not _may_open(page, request):
                raise PermissionDenied
            return page.view(request, *args, **kwargs)

        return path(page.route, self.admin_view(for_its_roles), name=page.name)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap every page of the site: end idle sessions."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def attended(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            here = request.resolver_match
            by_script = BY_ITSELF in request.GET or (here is not None and here.url_name == "stay")
            idle.end_when_idle(request, now=timezone.now(), by_script=by_script)
            practices.begin(request)
            if self._must_choose_a_password(request):
                messages.info(request, _("Somebody else made your password. Choose one of your own first."))
                return redirect("admin:password_change")
            return inner(request, *args, **kwargs)

        return attended

    def _must_choose_a_password(self, request: HttpRequest) -> bool:
        member: Any = request.user
        here = request.resolver_match
        if not self.has_permission(request) or not member.password_given:
            return False
        return here is None or here.url_name not in ("password_change", "stay")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page needs, with the end of the session."""
        left = idle.seconds_left(request, now=timezone.now())
        pages = [page for page in _pages() if page.label and _may_open(page, request)]
        stock = super().each_context(request)
        shown = menu(request, pages, stock["available_apps"])
        member: Any = request.user
        own = practices_of(member) if self.has_permission(request) else []
        return {
            **stock,
            "practices": own if len(own) > 1 else [],
            "session_ends": idle.ends_at(request),
            "session_seconds": left,
            "menu": shown,
        }

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change the password; from then on it is no longer one that was given."""
        member: Any = request.user
        member.password_given = False  # saved together with the new password, if at all
        return super().password_change(request, extra_context)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the sign-in page, or redirect whoever is signed in already."""
        member: Any = request.user
        if request.method == "GET":
            if self.has_permission(request):
                return redirect("admin:index")
            if member.is_authenticated and not otp.has_device(member):
                return redirect("admin:enrol")
        request.current_app = self.name
        context = {**self.each_context(request), "title": _("Sign in"), **(extra_context or {})}
        return views.StaffLogin.as_view(extra_context=context)(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the open work. The list of tables is in every page's header already, so it is not repeated."""
        request.current_app = self.name
        shared = self.each_context(request)  # first: it finds the practice, which the panels ask for
        waiting = waiting_for(request.user)
        asked = [(desk.panel, desk.facts(request)) for desk in desks() if desk.facts]
        panels = [(template, panel) for template, panel in asked if panel is not None]
        context = {
            **shared,
            "title": self.index_title,
            "waiting": waiting,
            "today": timezone.localdate(),
            "came_in": rooms.came_in(request.user, timezone.localdate()),
            "panels": panels,
            "nothing_waits": not waiting.total and not any(panel.waiting for _template, panel in panels),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.index_template, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the tables in the order of the work instead of the alphabet."""
        apps = super().get_app_list(request, app_label)
        order = [table for desk in desks() for table in desk.tables]
        for app in apps:
            for model in app["models"]:
                model["name"] = getattr(self._registry[model["model"]], "list_title", "") or model["name"]
            app["models"].sort(key=lambda m: order.index(m["object_name"]) if m["object_name"] in order else len(order))
        return apps


def desks() -> list[Desk]:
    """Return what staff see of each room, billing first."""
    return [room.desk for room in rooms.announcements()]


def _pages() -> list[DeskPage]:
    return [page for desk in desks() for page in desk.pages]


def _may_open(page: DeskPage, request: HttpRequest) -> bool:
    member: Any = request.user
    if not (member.is_active and member.is_staff and getattr(member, "role", None) in page.roles):
        return False
    return not page.act or rights.may(member, page.act)
