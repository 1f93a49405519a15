"""The settings of the product, with style sheets and scripts as they lie in the tree instead of collected."""

from portal.settings import *  # noqa: F403
from portal.settings import STORAGES as _STORAGES

STORAGES = _STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
