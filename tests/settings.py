"""The settings of the product, with style sheets and scripts as they lie in the tree instead of collected."""

import os

from portal.settings import *  # noqa: F403
from portal.settings import STORAGES as _STORAGES
from portal.settings.base import _TASK_LOGGERS

STORAGES = _STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # look up the file that is asked for: to list all cost each new test client 8 ms

if "TASK_LOGS" in os.environ:  # a test reads which tasks a worker took, which the product does not log
    for _name in _TASK_LOGGERS:
        LOGGING["loggers"][_name] = {"level": "INFO"}  # noqa: F405
