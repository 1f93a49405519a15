"""The interface beside the batch command, on SQLite: `python -m tests.benchmarks.bench_api [--rounds N] [--quick]`.

In every round, into the same state of the same database: a file of 200 invoices by the import, and the same 200 in one
request, with the answer that names reference and link of each; then single invoices, one request each.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.bench_import import copied, start_again, write_file
from tests.benchmarks.ground import ground

AT_ONCE, ALONE, QUICK_ALONE = 200, 100, 10


def main(options: report.Options) -> None:
    alone = QUICK_ALONE if options.quick else ALONE
    with ground(), tempfile.TemporaryDirectory() as folder:
        from django.utils import timezone

        from billing.models import Invoice, Provider
        from portal.intake.batch import import_file
        from tests.portal.api.program import Program
        from tests.portal.intake import batches

        provider = Provider.objects.create(agb_code=batches.AGB_CODE, name="Tandartspraktijk De Linde")
        program = Program(provider)
        program.client.defaults["SERVER_NAME"] = "127.0.0.1"  # a name that this site knows
        path, kept = write_file(Path(folder), AT_ONCE), copied(Path(folder))
        body = json.dumps({"invoices": json.loads(path.read_bytes())["invoices"]})
        single = [json.dumps(batches.invoice(place)) for place in range(alone)]

        def by_file() -> None:
            assert not import_file(path, dry_run=False, today=timezone.localdate(), by="bench").errors

        def at_once() -> None:
            assert program.send("post", "/invoices", body, once="a").status_code == 201

        def one_by_one() -> None:
            for place, content in enumerate(single):
                assert program.send("post", "/invoices", content, once=f"b{place}").status_code == 201

        def cost(act: Callable[[], None], amount: int) -> report.Cost:
            start_again(kept)
            spent = report.cost_of(act)
            assert Invoice.objects.count() == amount
            return spent

        cost(at_once, AT_ONCE)
        sides = {"limit": lambda: cost(by_file, AT_ONCE), "ours": lambda: cost(at_once, AT_ONCE)}
        found = report.interleaved(sides, rounds=options.rounds)
        apart = {"limit": lambda: cost(by_file, AT_ONCE), "ours": lambda: cost(one_by_one, alone)}
        singly = report.interleaved(apart, rounds=options.rounds)
    seconds = report.clock(singly)
    each = {"ours": [s / alone for s in seconds["ours"]], "limit": [s / AT_ONCE for s in seconds["limit"]]}
    limit_is = f"the import of a file of {AT_ONCE}"
    what = f"{AT_ONCE} invoices in one request"
    rows = [
        report.rates(what, "invoices", AT_ONCE, **report.clock(found), limit_is=limit_is),
        report.costs(what, "invoice", AT_ONCE, **report.processor(found), limit_is=limit_is),
        report.times("one invoice in a request, beside one of a file", **each, limit_is=limit_is),
    ]
    report.publish("api", database="sqlite", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(report.options())
