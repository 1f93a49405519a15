"""Layouts that were looked at while the reader was written. Words of Dutch insurers; papers of nobody."""

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import Line, day, euro
from tests.coulance.specimens.drawing import page


def cells(*texts: str, right: int = 99, tag: str = "td") -> str:
    """Return a row of a table, of which the cells from number `right` on stand to the right."""
    return (
        "<tr>"
        + "".join(f"<{tag}{' class=r' if n >= right else ''}>{text}</{tag}>" for n, text in enumerate(texts))
        + "</tr>"
    )


def head(case: Case, title: str) -> str:
    """Return the top of a letter."""
    return (
        f"<p><b>{case.insurer}</b><br>Postbus 4, 3500 AA Utrecht</p><p>{case.person}<br>Dorpsstraat 4"
        "<br>1234 AB Ons Dorp</p>"
        f"<p>{day(case.handled_on, 'words')}<br>Relatienummer {case.policy}</p><h1>{title}</h1>"
    )


@layout("table of treatments")
def treatments(case: Case) -> str:
    rows = "".join(
        cells(
            day(x.day), x.code, x.care, *(euro(v) for v in (x.declared, x.granted, x.deductible, x.paid_out)), right=3
        )
        for x in case.lines
    )
    sums = [euro(case.total(what)) for what in ("declared", "granted", "deductible", "paid_out")]
    heads = cells(
        "Datum", "Code", "Omschrijving", "Gedeclareerd", "Vergoed", "Eigen risico", "Uitbetaald", right=3, tag="th"
    )
    return page(
        head(case, "Declaratieoverzicht")
        + f"<p>Verzekerde: {case.person}, geboren {day(case.born)}<br>Zorgverlener: {case.practice}<br>"
        f"Factuurnummer: {case.number}</p><table>{heads}{rows}{cells('Totaal', '', '', *sums, right=3)}</table>"
        "<p>Heeft u vragen? Kijk op onze website.</p>"
    )


@layout("broken headings")
def broken(case: Case) -> str:
    rows = "".join(
        cells(
            day(x.day, "short"),
            x.care,
            *(euro(v, "sign") for v in (x.declared, x.not_reimbursed, x.granted, x.deductible, x.paid_out)),
            right=2,
        )
        for x in case.lines
    )
    what = ("declared", "not_reimbursed", "granted", "deductible", "paid_out")
    sums = [euro(case.total(name), "sign") for name in what]
    heads = cells(
        "Datum", "Behandeling", "Bedrag<br>nota", "Niet<br>vergoed", "Totaal<br>vergoed",
        "Ingehouden<br>eigen risico", "Uit te<br>betalen", right=2, tag="th",
    )  # fmt: skip
    return page(
        head(case, "Uitkeringsspecificatie")
        + f"<p>Uw notanummer {case.number} van {case.practice}</p><p>Voor {case.person} (geb. {day(case.born)})</p>"
        f"<table>{heads}{rows}{cells('Totaal', '', *sums, right=2)}</table>",
        style="th{vertical-align:bottom;border-bottom:1px solid #333;font-weight:bold}",
    )


@layout("pairs on rows")
def pairs(case: Case) -> str:
    rows = [
        ("Notabedrag", case.total("declared")),
        ("Vergoeding volgens uw polis", case.total("granted")),
        ("Af: eigen risico", -case.total("deductible")),
        ("Aan u uit te betalen", case.total("paid_out")),
    ]
    body = "".join(cells(label, euro(value, "sign"), right=1) for label, value in rows)
    return page(
        head(case, "Afrekening zorgkosten") + f"<p>Wij hebben uw nota van {case.practice} verwerkt.</p><table>"
        f"<tr><td>Notanummer</td><td class=r>{case.number}</td></tr>"
        f"<tr><td>Datum behandeling</td><td class=r>{day(case.lines[0].day)}</td></tr>"
        f"<tr><td>Geboortedatum verzekerde</td><td class=r>{day(case.born)}</td></tr>{body}</table>"
    )


@layout("app of a telephone", screen=True)
def app(case: Case) -> str:
    rows = [
        ("Gedeclareerd", euro(case.total("declared"), "sign")),
        ("Vergoed", euro(case.total("granted"), "sign")),
        ("Eigen risico", euro(case.total("deductible"), "sign")),
        ("Niet vergoed", euro(case.total("not_reimbursed"), "sign")),
        ("Je krijgt", euro(case.total("paid_out"), "sign")),
    ]
    body = "".join(f"<div class=c><span>{a}</span><b>{b}</b></div>" for a, b in rows)
    return page(
        f"<h2>Declaratie</h2><p>{case.practice}<br>{day(case.lines[0].day, 'words')}</p><p>Factuur {case.number}</p>"
        + body,
        style=".c{display:flex;justify-content:space-between;border-bottom:.2mm solid #ccd;padding:2.4mm 0}",
        screen=True,
    )


@layout("cards with the amount below", screen=True)
def cards(case: Case) -> str:
    rows = [
        ("Nota van zorgverlener", case.total("declared")),
        ("Wij vergoeden", case.total("granted")),
        ("Van je eigen risico", case.total("deductible")),
        ("Ontvang je op je rekening", case.total("paid_out")),
    ]
    body = "".join(f"<div class=k>{a}<br><b>{euro(b, 'sign')}</b></div>" for a, b in rows)
    return page(
        f"<h2>{case.practice}</h2><p>Notanummer {case.number}<br>{case.person}</p>{body}",
        style=".k{border:.2mm solid #bbc;margin:3mm 0;padding:3mm;line-height:1.6} b{font-size:13pt}",
        screen=True,
    )


@layout("sentences")
def sentences(case: Case) -> str:
    paid, own = euro(case.total("paid_out"), "sign"), euro(case.total("deductible"), "sign")
    return page(
        head(case, "Uw declaratie")
        + f"<p>Beste {case.person},</p><p>U stuurde ons een nota van {case.practice} met nummer {case.number}. "
        f"De kosten zijn {euro(case.total('declared'), 'sign')}. Wij vergoeden {euro(case.total('granted'), 'sign')}. "
        f"Hiervan gaat {own} af voor uw eigen risico. U ontvangt dus {paid} van ons.</p><p>Wij betalen dit binnen 5 "
        "werkdagen.</p>",
        style="p{width:120mm;line-height:1.5}",
    )


@layout("a row for each bill")
def bills(case: Case) -> str:
    def row(c: Case) -> str:
        sums = (c.total(what) for what in ("declared", "not_reimbursed", "deductible", "paid_out"))
        return cells(day(c.issued_on), c.number, c.practice, *(euro(v) for v in sums), right=3)

    everything = (case.others[0], case, *case.others[1:])
    total = sum(c.total("paid_out") for c in everything)
    heads = cells(
        "Factuurdatum", "Factuurnummer", "Zorgverlener", "Bedrag factuur", "Niet vergoed", "Eigen risico",
        "Vergoeding aan u", right=3, tag="th",
    )  # fmt: skip
    return page(
        head(case, "Zorgkostenfactuur")
        + f"<table>{heads}{''.join(map(row, everything))}</table><p>U ontvangt van ons {euro(total, 'sign')}.</p>",
        style="td,th{font-size:8.5pt}",
    )


@layout("a block for each bill")
def blocks(case: Case) -> str:
    def block(c: Case) -> str:
        return (
            f"<h2>Nota {c.number}</h2><p>{c.practice}, {day(c.issued_on)}</p><table>"
            + cells("Ingediend bedrag", euro(c.total("declared")), right=1)
            + cells("Dit vergoeden wij niet", euro(c.total("not_reimbursed")), right=1)
            + cells("Ten laste van uw eigen risico", euro(c.total("deductible")), right=1)
            + cells("Uitbetaald", euro(c.total("paid_out")), right=1)
            + "</table>"
        )

    return page(head(case, "Zorgkosten") + block(case.others[0]) + block(case) + block(case.others[1]))


@layout("several pages")
def several_pages(case: Case) -> str:
    def row(x: Line) -> str:
        sums = (x.declared, x.granted, x.not_reimbursed, x.deductible, x.paid_out)
        return cells(day(x.day, "slash"), x.care, *(euro(v, "behind") for v in sums), right=2)

    heads = cells(
        "Behandeldatum", "Omschrijving", "Ingediend", "Toegekend", "Afgewezen", "Eigen risico", "Uitgekeerd",
        right=2, tag="th",
    )  # fmt: skip
    half = max(1, len(case.lines) // 2)
    what = ("declared", "granted", "not_reimbursed", "deductible", "paid_out")
    sums = cells("Totaal", "", *(euro(case.total(name)) for name in what), right=2)
    first = "".join(map(row, case.lines[:half]))
    second = "".join(map(row, case.lines[half:]))
    return page(
        head(case, "Specificatie")
        + f"<p>Uw factuur: {case.number}</p><p>Patiënt: {case.person} geboren op {day(case.born, 'words')}</p>"
        f"<table>{heads}{first}</table><p>Zie volgende pagina</p><div style='break-before:page'></div>"
        f"<p>{case.insurer}, vervolg</p><table>{heads}{second}{sums}</table>"
    )


@layout("state of the year beside it")
def year_state(case: Case) -> str:
    used = case.total("deductible")
    return page(
        head(case, "Vergoedingenoverzicht")
        + f"<p>Zorgverlener {case.practice}<br>Rekeningnummer zorgverlener: zie nota<br>Uw kenmerk "
        f"{case.number}</p><table>"
        + cells("Gedeclareerd bedrag", euro(case.total("declared"), "eur"), right=1)
        + cells("Vergoed bedrag", euro(case.total("granted"), "eur"), right=1)
        + cells("Verrekend eigen risico", euro(used, "eur"), right=1)
        + cells("Over te maken bedrag", euro(case.total("paid_out"), "eur"), right=1)
        + "</table><h2>Stand van uw eigen risico</h2><table>"
        + cells("Uw eigen risico in 2026", euro(38_500, "dash"), right=1)
        + cells("Al gebruikt", euro(min(38_500, used + 1_000), "dash"), right=1)
        + cells("Nog te gebruiken", euro(max(0, 37_500 - used), "dash"), right=1)
        + "</table>"
    )


@layout("own share")
def own_share(case: Case) -> str:
    rows = "".join(
        cells(
            day(x.day, "dots"),
            x.care,
            *(euro(v, "sign") for v in (x.declared, x.paid_out, x.deductible, x.not_reimbursed + x.deductible)),
            right=2,
        )
        for x in case.lines
    )
    sums = [case.total("declared"), case.total("paid_out"), case.total("deductible")]
    sums.append(case.total("not_reimbursed") + case.total("deductible"))
    heads = cells("Datum", "Zorg", "Kosten", "Vergoeding", "Eigen risico", "Voor uw rekening", right=2, tag="th")
    return page(
        head(case, "Wat krijgt u vergoed?")
        + f"<p>Notanummer {case.number}<br>Naam verzekerde: {case.person}</p><table>{heads}{rows}"
        + cells("Totaal", "", *(euro(v, "sign") for v in sums), right=2)
        + "</table>"
    )


@layout("premium set off")
def premium(case: Case) -> str:
    off = min(case.total("paid_out"), 2_500)
    return page(
        head(case, "Betaalspecificatie")
        + f"<p>Factuurnummer {case.number}<br>{case.practice}</p><table>"
        + cells("In rekening gebracht", euro(case.total("declared")), right=1)
        + cells("Niet vergoed", euro(case.total("not_reimbursed")), right=1)
        + cells("Vergoed", euro(case.total("granted")), right=1)
        + cells("Eigen risico", euro(case.total("deductible")), right=1)
        + cells("Uit te betalen", euro(case.total("paid_out")), right=1)
        + cells("Verrekend met openstaande premie", euro(off), right=1)
        + cells("Wij maken over", euro(case.total("paid_out") - off), right=1)
        + "</table>"
    )


@layout("by policy")
def by_policy(case: Case) -> str:
    rows = "".join(
        cells(
            day(x.day),
            x.code,
            *(euro(v) for v in (x.declared, x.granted - x.granted // 4, x.granted // 4, x.deductible, x.paid_out)),
            right=2,
        )
        for x in case.lines
    )
    basis = sum(x.granted - x.granted // 4 for x in case.lines)
    more = sum(x.granted // 4 for x in case.lines)
    sums = (case.total("declared"), basis, more, case.total("deductible"), case.total("paid_out"))
    heads = cells(
        "Datum", "Code", "Gedeclareerd", "Vergoed basisverzekering", "Vergoed aanvullende verzekering", "Eigen risico",
        "Uitbetaald", right=2, tag="th",
    )  # fmt: skip
    return page(
        head(case, "Zorgnota")
        + f"<p>Nota: {case.number}</p><table>{heads}{rows}{cells('Totaal', '', *map(euro, sums), right=2)}</table>",
        style="td,th{font-size:8.5pt}",
    )


@layout("dotted leaders")
def leaders(case: Case) -> str:
    dots = "." * 40
    rows = [
        ("Bedrag van de nota", case.total("declared")),
        ("Niet vergoed", case.total("not_reimbursed")),
        ("Vergoeding", case.total("granted")),
        ("Eigen risico", case.total("deductible")),
        ("Te ontvangen", case.total("paid_out")),
    ]
    body = "".join(cells(f"{a} {dots[: 60 - len(a)]}", euro(b, "sign"), right=1) for a, b in rows)
    return page(
        head(case, "Nota verwerkt") + f"<p>Uw nota {case.number} van {case.practice}</p><table>{body}</table>",
        style="td{white-space:nowrap}",
    )


@layout("each treatment a block")
def treatment_blocks(case: Case) -> str:
    body = "".join(
        f"<h2>{x.care}, {day(x.day, 'words')}</h2><table>"
        + cells("Gedeclareerd", euro(x.declared, "sign"), right=1)
        + cells("Vergoed", euro(x.granted, "sign"), right=1)
        + cells("Niet vergoed", euro(x.not_reimbursed, "sign"), right=1)
        + cells("Eigen risico", euro(x.deductible, "sign"), right=1)
        + cells("Aan u te betalen", euro(x.paid_out, "sign"), right=1)
        + "</table>"
        for x in case.lines
    )
    return page(head(case, "Declaratie") + f"<p>Factuur {case.number}, {case.practice}</p>{body}")
