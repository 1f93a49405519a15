"""The patient's pages of coulance. Paths are Dutch, names English."""

from django.urls import path

from coulance.pages import views

CASE = "rekening/<token:token>/coulance/"

urlpatterns = [
    path(CASE, views.show, name="coulance"),
    path(f"{CASE}bericht/", views.message, name="coulance_message"),
    path(f"{CASE}stand.json", views.state, name="coulance_state"),
    path(f"{CASE}stoppen/", views.stop, name="coulance_stop"),
    path(f"{CASE}bestand/<token:name>/", views.download, name="coulance_file"),
    path(f"{CASE}bestand/<token:name>/terug/", views.take_back, name="coulance_take_back"),
]
