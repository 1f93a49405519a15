"""The whole map of the site. Paths are Dutch, names English."""

urlpatterns: list = []
