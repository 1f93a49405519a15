"""The patient's pages of forbearance. Paths are Dutch, names English."""

from django.urls import path

from forbearance.pages import letter, needs, views

urlpatterns = [
    path("niet-kunnen-betalen/", views.general, name="cannot_pay"),
    path("niet-kunnen-betalen/hulp/", views.help_with_debts, name="help_with_debts"),
    path("rekening/<token:token>/niet-kunnen-betalen/", views.of_invoice, name="cannot_pay_invoice"),
    path("rekening/<token:token>/wat-mij-helpt/", needs.show, name="needs"),
    path("rekening/<token:token>/schuldhulp/", letter.send, name="counsellor_letter"),
]
