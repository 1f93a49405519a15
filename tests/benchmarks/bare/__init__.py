"""The limit for a page: a Django project of its own with what `startproject` gives, one query and one template."""
