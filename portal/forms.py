"""Forms of the front door, and the renderer that gives every field its label, help and error."""

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    field_template_name = "django/forms/field.html"
