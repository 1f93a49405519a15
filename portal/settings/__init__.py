"""The settings of the project: what differs between machines and how Django is set up (base), the business numbers
(house_rules), and how long things are kept (retention)."""

from portal.settings.base import *  # noqa: F403
from portal.settings.house_rules import *  # noqa: F403
from portal.settings.retention import *  # noqa: F403
