"""`python -m tests.guests.files`: what the sanitizer makes of every honest and hostile file, and what it takes."""

import os
import sys

import django


def main() -> None:
    from tests.guests.files import hostile, hostile_pictures, odd_list, odd_pictures
    from tests.guests.files.measuring import measured, table

    honest = {name: odd.make for name, odd in odd_list.ODD.items()}
    honest |= {f"picture: {name}": make for name, make in odd_pictures.ODD.items()}
    for title, corpus in (("honest", honest), ("hostile", hostile.CORPUS | hostile_pictures.CORPUS)):
        found = {name: measured(make()) for name, make in corpus.items()}
        worst = max(found.values()), max(outcome.memory for outcome in found.values()) // 1024**2
        sys.stdout.write(
            f"{title}: {len(found)} files; worst {worst[0].seconds:.1f} s, {worst[1]} MB\n{table(found)}\n\n"
        )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("SANDBOX", "1")
    django.setup()
    main()
