"""The pages of the helpdesk. Paths are Dutch, names English."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
