"""Not as Ukrainian writes days and numbers: see `portal.formats.of_the_core`."""

from portal.formats.of_the_core import *  # noqa: F403  Django asks for each name
