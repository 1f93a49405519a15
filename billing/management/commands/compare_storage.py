"""`manage.py compare_storage`: compare the document storage with its rows, and remove what no row knows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.storage import upkeep

WORDS = {
    "unknown": "files that no row knows, so that nothing will ever erase them",
    "missing": "files that should be there and are not",
    "unnamed": "kept files that no document or upload names",
    "unrecorded": "documents or uploads whose file has no row",
}


class Command(BaseCommand):
    help = "Compare the document storage with its rows, as each night. Say what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove-unknown",
            action="store_true",
            help="remove the files that no row knows, such as those stored after the backup that was restored",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = upkeep.compare()
        for kind, count in found.items():
            if count:
                self.stdout.write(f"{count} {WORDS[kind]}.")
        if not any(found.values()):
            self.stdout.write("The storage and its rows are the same.")
        if options["remove_unknown"]:
            self.stdout.write(f"{upkeep.remove_unknown()} files removed.")
