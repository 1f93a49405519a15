"""The patient's pages of debt collection. Paths are Dutch, names English."""

from django.urls import path

from debt_collection.pages import views

urlpatterns = [
    path("rekening/<token:token>/incasso/", views.of_invoice, name="at_agency"),
]
