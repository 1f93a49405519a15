"""As `portal.formats.of_the_core`, each day isolated: behind an Arabic letter 18-12-2026 would read 2026-12-18."""

from portal.formats.of_the_core import *  # noqa: F403  Django asks for each name

DATE_FORMAT = SHORT_DATE_FORMAT = "\u2066d-m-Y\u2069"
DATETIME_FORMAT = "\u2066d-m-Y, H:i\u2069"
