"""The settings of the project: what differs between machines and how Django is set up (base), the business numbers
(house_rules), and how long things are kept (retention)."""

from django.core.exceptions import ImproperlyConfigured

try:
    from portal.settings.base import *  # noqa: F403
except ImproperlyConfigured as _error:  # a sentence for who starts it, and no traceback
    raise SystemExit(str(_error)) from None
from portal.settings.house_rules import *  # noqa: F403
from portal.settings.retention import *  # noqa: F403
