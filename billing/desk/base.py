"""The base of every table at /beheer/: tenant scoping and roles, without a way around either.

A scoped `get_queryset` alone is not enough. Django's admin also shows other tenants' rows in filter sidebars and in the
choices of a form, accepts a foreign key that was never offered, and lets a row be moved. The base prevents these; the
site itself removes the `/r/` shortcut. Default deny: what is not explicitly allowed here is forbidden.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from billing import rights
from billing.desk.lists import files
from billing.desk.lists.listing import ShortPaginator, StaffList
from billing.errors import Refused
from billing.models import AccessEvent, Invoice, Patient, Staff
from billing.privacy import access_log
from billing.rooms import Text
from billing.tenancy import visible_to

F = TypeVar("F", bound=Callable[..., Any])
Role = Staff.Role
EVERYBODY = frozenset(Role)
OPERATIONS = frozenset({Role.OPERATIONS})
NOBODY: frozenset[Role] = frozenset()
# The lookups that a sidebar and a date hierarchy append to the name of their field.
_KEY = re.compile(r"[0-9]{1,18}")
_LOOKUP = r"(__(id|pk))?(__(exact|isnull|in|gte|lt|year|month|day))?"


def offered(request: HttpRequest, site: admin.AdminSite, model: type[Model]) -> QuerySet[Any]:
    """Return the rows of `model` that this person may choose from: none unless the table of `model` shows them."""
    if site.is_registered(model):
        table = site.get_model_admin(model)
        if isinstance(table, TenantAdmin) and table.has_view_permission(request):
            return table.get_queryset(request)
    return model._default_manager.none()


def desk_action(act: str, label: Any) -> Callable[[F], F]:
    """Make a method an action of a table, with its label, for whoever may do `act` (see `billing.rights.may`)."""

    def marked(run: F) -> F:
        run.act = act  # type: ignore[attr-defined]
        return admin.action(description=label)(run)

    return marked


def _may_run(staff: Any, run: Any) -> bool:
    act = getattr(run, "act", "")
    return not act or rights.may(staff, act)


def unsure(request: HttpRequest, question: object, does: object, *, back: str = "") -> HttpResponse | None:
    """Return the page that asks before what nobody can undo; nothing once the person said yes.

    Call it when everything that was posted is known to be right; it is posted again with the answer.
    """
    if request.POST.get("sure"):
        return None
    posted = [(name, one) for name, ones in request.POST.lists() if name != "csrfmiddlewaretoken" for one in ones]
    context = {
        **admin.site.each_context(request), "title": question, "does": does, "posted": posted,
        "back": back or request.get_full_path(),
    }  # fmt: skip
    return render(request, "admin/sure.html", context)


class OfferedFilter(admin.RelatedFieldListFilter):
    """A sidebar of related rows that lists only those this person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = offered(request, model_admin.admin_site, field.remote_field.model).order_by().values("pk")
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows})


class OfferedFields(admin.options.BaseModelAdmin):
    """Form fields whose choices are the rows this person may see; the form rejects any other key. Also for inlines."""

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **self._within(db_field, request, kwargs))

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **self._within(db_field, request, kwargs))

    def _within(self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, Any]:
        rows = offered(request, self.admin_site, db_field.remote_field.model)
        narrower = kwargs.get("queryset")
        return kwargs | {"queryset": rows if narrower is None else narrower.filter(pk__in=rows.values("pk"))}


class TenantAdmin(OfferedFields, admin.ModelAdmin):
    """One table. `provider_path` is the lookup from a row to its provider, as in `tenancy.visible_to`.

    `readers` may view, `writers` may add and change; who may run an action, its `desk_action` says. Nobody may delete.
    """

    provider_path = ""
    readers = EVERYBODY
    writers = NOBODY
    write_act = ""  # what those of them must have the right to do
    reasoned: tuple[str, ...] = ()  # the actions whose button asks for a reason, which is posted as `note`
    dated: tuple[str, ...] = ()  # those that also take a last day, posted as `until`
    asks: Mapping[str, Text] = {}  # what is said before an action that nobody can undo, by its name
    medical = ""  # what the access log calls the data on the page of a row; empty for a table without medical data
    searched = ""  # what the access log calls a look at the list, where the list alone tells who is a patient
    about_patients = True  # whether the rows tell who is a patient: then a file of them is in the access log
    # Columns that the list shows as text, with where the day, amount or code is behind them, such as "invoice.due_on".
    values_behind: Mapping[str, str] = {}
    also_in_files: tuple[str, ...] = ()  # columns for which a list has no room, and a file has
    sums: Sequence[tuple[Text, Any]] = ()  # what a list adds up: the words, and the aggregate
    list_title: Text = ""  # what the list is called where the room has a page with the name of the table
    row_page = ""  # the page of a row, by the name of its address, in place of the form here
    view_on_site = False
    sortable_by = ()  # lists have one order, which an index serves; filters do the rest
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count per filter is a count over millions of rows
    list_per_page = 50
    paginator = ShortPaginator
    change_form_template = "admin/detail.html"

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if not self.provider_path:
            raise ImproperlyConfigured(f"{type(self).__name__} must say where the provider of a row is")
        for item in self.list_filter:
            self._require_scoped_filter(item)
        for name in self.actions or ():
            run = getattr(type(self), str(name))
            if not (hasattr(run, "act") or hasattr(run, "allowed_permissions")):
                raise ImproperlyConfigured(f"{type(self).__name__}: who may run {name}?")

    def _require_scoped_filter(self, item: Any) -> None:
        """Check one filter: a relation must use OfferedFilter, and free text would list the values of all tenants.

        Raises ImproperlyConfigured for any other filter.
        """
        name, kind = item if isinstance(item, list | tuple) else (item, None)
        if not isinstance(name, str):
            return  # a filter class of our own, which defines its choices itself
        field = get_fields_from_path(self.model, name)[-1]
        closed = field.choices or field.get_internal_type() in ("BooleanField", "DateField", "DateTimeField")
        if kind is not OfferedFilter if field.is_relation else not closed:
            raise ImproperlyConfigured(f"{type(self).__name__}: the filter on {name} would name rows of others")

    # --- tenant scoping -----------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(request.user, super().get_queryset(request), provider_path=self.provider_path)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; raise 404 for another tenant's row as for an unknown one, without a redirect that differs.

        An empty `_to_field` in the URL counts as none: Django would look for a field without a name.
        """
        row = super().get_object(request, object_id, from_field or None)
        if row is None:
            self.record_refusal(request, object_id)
            raise Http404
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page of a row, or redirect to the one that its room has for it."""
        if not self.row_page:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        return HttpResponseRedirect(reverse(f"admin:{self.row_page}", args=[row.pk]), status=303)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, which the access log calls a search where it names patients."""
        if self.searched and self.has_view_permission(request):
            access_log.record_staff(request, AccessEvent.Act.SEARCH, invoice=None, data=self.searched)
        return super().changelist_view(request, extra_context)

    # --- the access log -----------------------------------------------------------------------
    def medical_data(self, obj: Any) -> str:
        """Return what the access log calls the medical data on the page of this row; empty when it shows none."""
        return self.medical

    def record_look(
        self, request: HttpRequest, obj: Any, data: str, outcome: AccessEvent.Outcome = AccessEvent.Outcome.SUCCESS
    ) -> None:
        """Write a look at this row in the access log. Raises when that is impossible: then nothing is shown."""
        about: Any = obj
        if not isinstance(obj, Invoice | Patient):
            about = (obj.invoice or getattr(obj, "patient", None)) if hasattr(obj, "invoice") else obj.patient
        invoice, patient = (None, about) if isinstance(about, Patient) else (about, None)
        access_log.record_staff(
            request, AccessEvent.Act.READ, invoice=invoice, patient=patient, data=data, outcome=outcome
        )

    def record_refusal(self, request: HttpRequest, object_id: str) -> None:
        """Write that somebody asked for a row that is there and not theirs; an id that nobody has leaves no trace."""
        if not self.medical or not self.has_view_permission(request):
            return
        try:
            row = self.model._default_manager.filter(pk=self.opts.pk.to_python(object_id)).first()
        except ValidationError:
            return
        if row is not None:
            self.record_look(request, row, self.medical, AccessEvent.Outcome.REFUSED)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only what the sidebar offers: with free lookups a token could be guessed letter by letter."""
        offers: list[Any] = [
            item[0] if isinstance(item, list | tuple) else item for item in self.get_list_filter(request)
        ]
        names = [name for name in [*offers, self.date_hierarchy] if isinstance(name, str)]
        classes = [offer for offer in offers if not isinstance(offer, str)]
        own = {name for offer in classes for name in getattr(offer, "parameters", None) or (offer.parameter_name,)}
        return lookup in own or any(re.fullmatch(re.escape(name) + _LOOKUP, lookup) for name in names)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make the relation to the provider read-only on an existing row, so that no form moves it to another one."""
        readonly = tuple(super().get_readonly_fields(request, obj))
        step = self.provider_path.split("__")[0]
        return readonly if obj is None or step == "pk" else (*readonly, step)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """Save the row; raise PermissionDenied, which rolls back the request, when this person could not see it."""
        super().save_model(request, obj, form, change)
        if not self.get_queryset(request).filter(pk=obj.pk).exists():
            raise PermissionDenied

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, without the provider for those who see only one."""
        columns = super().get_list_display(request)
        if self._is_one_of(OPERATIONS, request):
            return columns
        return [column for column in columns if column != "provider"]

    # --- roles --------------------------------------------------------------------------------
    def _is_one_of(self, roles: frozenset[Role], request: HttpRequest) -> bool:
        staff: Any = request.user
        return staff.is_active and staff.is_staff and getattr(staff, "role", None) in roles

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_one_of(self.readers, request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def _may_write(self, request: HttpRequest) -> bool:
        allowed = not self.write_act or rights.may(request.user, self.write_act)
        return allowed and self._is_one_of(self.writers, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions that this person may run."""
        known: dict[str, Any] = super().get_actions(request)
        return {name: found for name, found in known.items() if _may_run(request.user, found[0])}

    # --- pages --------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """Return the URLs: a read-only table has a list and a page per row, and no other."""
        urls = super().get_urls()
        name = f"{self.opts.app_label}_{self.opts.model_name}_sheet"
        own = path("lijst.<slug:kind>", self.admin_site.admin_view(self.list_file), name=name)
        if self.writers:
            return [own, *(url for url in urls if url.name and not url.name.endswith("_delete"))]
        return [own, *(url for url in urls if url.name and url.name.endswith(("_changelist", "_change")))]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffList]:
        return StaffList

    def may_download(self, request: HttpRequest) -> bool:
        """Tell whether this person may take the list with them as a file."""
        return self.has_view_permission(request) and (not self.about_patients or rights.may(request.user, "download"))

    def list_file(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Return all rows of the list, as it is filtered, for a spreadsheet."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.may_download(request):
            raise PermissionDenied
        if kind not in files.KINDS:
            raise Http404
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        try:
            return files.of_list(self, request, kind)
        except IncorrectLookupParameters:  # as on the list itself: it says so there
            return HttpResponseRedirect(f"{address}?e=1")
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(f"{address}?{request.GET.urlencode()}")

    @property
    def media(self) -> forms.Media:
        return super().media if self.writers else forms.Media(js=["admin/js/actions.js"] if self.actions else [])

    def sections(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Return the tables below the fields on the page of one row: `billing.desk.detail.Section`."""
        return []

    def heading(self, obj: Any) -> str:
        """Return the heading of the page of a row, in place of what the row is and its name; empty for those."""
        return ""

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links beside the buttons of a row: address and label."""
        return []

    def acts(self, obj: Any) -> tuple[str, ...]:
        """Return the names of the actions that apply to this row now; each becomes a button on its page."""
        return ()

    def acts_for(self, request: HttpRequest, obj: Any) -> tuple[str, ...]:
        """Return those of `acts` that this person may do to this very row."""
        return self.acts(obj)

    def render_change_form(
        self,
        request: Any,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            if data := self.medical_data(obj):
                self.record_look(request, obj, data)
            available: dict[str, Any] = self.get_actions(request)
            buttons = [
                (name, available[name][2], name in self.reasoned, name in self.dated)
                for name in self.acts_for(request, obj)
                if name in available
            ]
            context |= {"sections": self.sections(request, obj), "buttons": buttons, "heading": self.heading(obj)}
            context |= {"page_links": self.page_links(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        """Redirect an action that was started by the button on the page of a row back to that page.

        Raises BadRequest for a key that no row can have: the database would raise something else.
        """
        if not all(map(_KEY.fullmatch, request.POST.getlist(helpers.ACTION_CHECKBOX_NAME))):
            raise BadRequest
        came_from = request.POST.get("from_page", "")
        name = request.POST.get("action", "")
        if name in self.asks and name in self.get_actions(request):
            row = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            back = reverse(row, args=[came_from]) if _KEY.fullmatch(came_from) else ""
            if asked := unsure(request, f"{self.get_actions(request)[name][2]}?", self.asks[name], back=back):
                return asked
        response = super().response_action(request, queryset, *args, **kwargs)
        if (
            _KEY.fullmatch(came_from)
            and isinstance(response, HttpResponseRedirect)
            and queryset.filter(pk=came_from).exists()
        ):
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[came_from])
            )
        return response
