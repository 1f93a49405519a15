from django.apps import AppConfig


class CoulanceConfig(AppConfig):
    name = "coulance"
