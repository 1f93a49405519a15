"""`manage.py translations`: update or check the Dutch catalogue, and those of the core."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.languages import catalogues
from portal.ops import translations


class Command(BaseCommand):
    help = "Bring portal/locale/nl up to date with the source (--update), or say what is wrong with it (--check)."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--update", action="store_true", help="add new strings, drop those no longer used")
        what.add_argument("--check", action="store_true", help="fail when a string is missing, empty, fuzzy or dead")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = catalogues.of_the_core(translations.extracted())
        if options["update"]:
            catalog = translations.update()
            self.stdout.write(f"{len(catalog)} strings in {translations.catalogue_path()}")
            for code in catalogues.GUIDED:
                catalogues.update(code, wanted)
        problems = translations.problems()
        for code in catalogues.GUIDED:
            problems += catalogues.problems(code, wanted, translations.read())
            states = catalogues.states(code, translations.read())
            self.stdout.write(f"{code}: " + ", ".join(f"{count} {name}" for name, count in states.items()))
            if lacks := catalogues.lacking(code, wanted):
                self.stdout.write(f"{code} is not offered: it lacks {len(lacks)} of {len(wanted)} texts")
        for problem in problems:
            self.stderr.write(problem)
        if problems and options["check"]:
            raise CommandError(f"{len(problems)} problems in the catalogues")
