"""Layouts written by somebody who never saw the reader, and never looked at while it was worked on.

After what Dutch insurers say in public about their papers: bills of a whole family without treatments, portals, apps,
letters in sentences, printouts of old systems. Some print the year's deductible beside the decision, as insurers do.
"""

from datetime import date

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import MONTHS, day, euro
from tests.coulance.specimens.drawing import page

WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
MOST = 88_500  # compulsory and voluntary deductible together


def rows_of(rows: list[list[str]], tag: str = "td") -> str:
    """Return rows of a table; what looks like an amount stands on the right."""
    return "".join("<tr>" + "".join(_cell(text, tag) for text in row) + "</tr>" for row in rows)


def table(heads: list[str], *rows: list[str]) -> str:
    """Return a table."""
    return f"<table>{rows_of([heads], 'th')}{rows_of(list(rows))}</table>"


def _cell(text: str, tag: str) -> str:
    right = (text[-1:].isdigit() and "," in text) or text.endswith((",-", "0-"))
    return f"<{tag} class={'r' if right else 'l'}>{text}</{tag}>"


def _left(case: Case) -> int:
    """Return what is left of the year's deductible."""
    return MOST - case.total("deductible")


def _own(case: Case) -> int:
    """Return what the insured bears: what is not reimbursed, and the deductible."""
    return case.total("not_reimbursed") + case.total("deductible")


def _short(value: date) -> str:
    return f"{WEEKDAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1][:3]}. {value.year}"


def _surname_first(case: Case) -> str:
    initials, prefix, name = case.name
    return f"{name}, {initials} {prefix}".strip()


@layout("care bill of a family")
def care_bill_of_a_family(case: Case) -> str:
    """Draw a letter with the sum, and on page 2 one row for each bill, without treatments."""
    bills = sorted((case, *case.others), key=lambda one: one.number)
    rows = [
        [_surname_first(one), day(one.born, "dots"), one.practice, one.number, euro(one.total("declared")),
         euro(one.total("granted")), euro(one.total("deductible")), euro(one.total("paid_out"))]
        for one in bills
    ]  # fmt: skip
    paid = euro(sum(one.total("paid_out") for one in bills), "sign")
    heads = ["Verzekerde", "Geb.datum", "Zorgverlener", "Nota", "Kosten", "Vergoeding", "Af: eigen risico", "Voor u"]
    return page(
        f"<p>{case.insurer}<br>Postbus 4410<br>3009 AK Rotterdam</p><h1>Zorgkostenfactuur</h1>"
        f"<p>Factuurdatum {day(case.handled_on, 'words')}<br>Relatienummer {case.policy}</p>"
        f"<p>Beste {case.person},</p><p>U krijgt van ons <b>{paid}</b>. Wij storten dit binnen 3 werkdagen op "
        "NL91 **** **** **43 00.</p><p>Op de volgende pagina leest u hoe wij dit hebben berekend.</p>"
        "<div style='page-break-before:always'></div><h2>Uitleg per nota</h2><table>"
        f"{rows_of([heads], 'th')}{rows_of(rows)}"
        "</table><p>Om de privacy van uw gezin te beschermen staan hier geen behandelingen.</p>",
        style="td,th{font-size:8pt;border-bottom:.2mm solid #999}",
    )


@layout("amounts before the words")
def amounts_before_the_words(case: Case) -> str:
    """Draw a table whose amounts stand left of what they are for."""
    rows = [
        [euro(line.declared), euro(line.granted), euro(line.not_reimbursed), euro(line.deductible),
         day(line.day, "short"), f"{line.care} ({line.code})"]
        for line in case.lines
    ]  # fmt: skip
    sums = [euro(case.total(what)) for what in ("declared", "granted", "not_reimbursed", "deductible")]
    heads = ["Rekening", "Vergoed bedrag", "Niet vergoed", "Eigen risico", "Datum", "Waarvoor"]
    return page(
        f"<h1>Afrekening zorgkosten</h1><p>Verzekerde: {case.person} ({day(case.born)})<br>Rekening van "
        f"{case.practice}, "
        f"nummer {case.number}</p>{table(heads, *rows, [*sums, '', 'Totaal'])}"
        f"<p>Op uw rekening: {euro(case.total('paid_out'), 'sign')}</p><p>{case.insurer}</p>"
    )


@layout("two lines for each treatment")
def two_lines_for_each_treatment(case: Case) -> str:
    """Draw treatments of which the second line says what became of the amount."""
    rows = ""
    for line in case.lines:
        rows += (
            f"<tr><td>{day(line.day)}</td><td>{line.code} {line.care}</td><td class=r>"
            f"{euro(line.declared, 'sign')}</td></tr>"
            f"<tr><td></td><td colspan=2 class=s>vergoed {euro(line.granted, 'sign')} &nbsp; niet gedekt "
            f"{euro(line.not_reimbursed, 'sign')} &nbsp; ten laste van eigen risico "
            f"{euro(line.deductible, 'sign')}</td></tr>"
        )
    return page(
        f"<p class=r>{case.insurer}</p><h1>Vergoedingsoverzicht</h1><p>De heer/mevrouw {case.person}<br>Geboren op "
        f"{day(case.born, 'words')}<br>Polisnummer {case.policy}</p><p>{case.practice}, factuur {case.number} van "
        f"{day(case.issued_on)}</p><table>{rows}</table><p>Totaal gedeclareerd "
        f"{euro(case.total('declared'), 'sign')}<br>"
        f"Totaal vergoed {euro(case.total('granted'), 'sign')}<br>Totaal ten laste van eigen risico "
        f"{euro(case.total('deductible'), 'sign')}<br>Wij betalen u {euro(case.total('paid_out'), 'sign')}</p>",
        style=".s{color:#555;font-size:9pt;border-bottom:.2mm solid #bbb}",
    )


@layout("portal with totals at the top")
def portal_with_totals_at_the_top(case: Case) -> str:
    """Draw a print of a portal: three totals in boxes, the treatments below."""
    boxes = [("Rekening", case.total("declared")), ("Wij betalen", case.total("paid_out")), ("U betaalt", _own(case))]
    top = "".join(f"<td>{label}<br><b>{euro(amount, 'tight')}</b></td>" for label, amount in boxes)
    heads = ["Behandeldatum", "Behandeling", "Kosten", "Niet vergoed", "Eigen risico", "Wij betalen"]
    rows = [
        [day(line.day), line.care, euro(line.declared, "tight"), euro(line.not_reimbursed, "tight"),
         euro(line.deductible, "tight"), euro(line.paid_out, "tight")]
        for line in case.lines
    ]  # fmt: skip
    return page(
        f"<p>Mijn {case.insurer} &gt; Zorgkosten &gt; Declaratie</p><h1>{case.practice}</h1><p>Voor {case.person} · "
        f"Ontvangen {day(case.issued_on)} · Betaald {day(case.handled_on)} · Factuurnummer {case.number}</p>"
        f"<table class=t><tr>{top}</tr></table><h2>Details</h2>{table(heads, *rows)}",
        style=".t td{background:#eef3f8;border:2mm solid #fff;padding:4mm} .t b{font-size:15pt} th{font-weight:bold}",
    )


@layout("letter in plain sentences")
def letter_in_plain_sentences(case: Case) -> str:
    """Draw a letter that says it all in sentences, with euro behind the amounts."""
    declared, granted, refused, deductible, paid = (
        f"{euro(case.total(what))} euro" for what in ("declared", "granted", "not_reimbursed", "deductible", "paid_out")
    )
    refusal = (
        f"<p>{refused} krijgt u niet van ons terug. Dat betaalt u zelf.</p>" if case.total("not_reimbursed") else ""
    )
    risk = f"<p>U had nog eigen risico. Daarom houden wij {deductible} in.</p>" if case.total("deductible") else ""
    return page(
        f"<p>{case.insurer}</p><p>{case.person}<br>Klantnummer {case.policy}</p><p>{day(case.handled_on, 'words')}</p>"
        f"<p><b>Over uw rekening van {case.practice}</b></p><p>Beste {case.person},</p><p>U stuurde ons de rekening "
        "met "
        f"nummer {case.number} van {day(case.issued_on, 'words')}. De behandeling was op "
        f"{day(case.lines[0].day, 'words')}. Op de rekening staat een bedrag van {declared}.</p><p>Volgens uw "
        "verzekering "
        f"heeft u recht op een vergoeding van {granted}.</p>{refusal}{risk}<p>Binnen enkele dagen staat er {paid} op "
        "uw "
        "rekening.</p><p>Met vriendelijke groet,<br>afdeling Declaraties</p>"
    )


@layout("cards of an app", screen=True)
def cards_of_an_app(case: Case) -> str:
    """Draw a card for each treatment, in the words of an app."""
    cards = "".join(
        f"<div class=c><b>{line.care}</b><br><span>{_short(line.day)}</span><table>"
        f"<tr><td>Ingediend</td><td class=r>{euro(line.declared, 'sign')}</td></tr>"
        f"<tr><td>Door ons vergoed</td><td class=r>{euro(line.granted, 'sign')}</td></tr>"
        f"<tr><td>Gaat van je eigen risico af</td><td class=r>{euro(line.deductible, 'sign')}</td></tr></table></div>"
        for line in case.lines
    )
    return page(
        f"<p>&lt; Declaraties</p><h1>{case.practice}</h1><p>{case.person}<br>Nota {case.number}</p>{cards}<div class=c>"
        f"<b>Je krijgt {euro(case.total('paid_out'), 'sign')}</b><br>Betaald op {_short(case.handled_on)}</div>",
        style=".c{border:.3mm solid #ccd;border-radius:3mm;padding:3mm;margin:3mm 0} span{color:#667}",
        screen=True,
    )


@layout("detail of an app", screen=True)
def detail_of_an_app(case: Case) -> str:
    """Draw one screen: the amount paid large, and the sum that led to it, with minus signs."""
    minus = [("Niet vergoed", "not_reimbursed"), ("Eigen risico", "deductible")]
    rows = "".join(
        f"<tr><td>{label}</td><td class=r>− {euro(case.total(what), 'sign')}</td></tr>"
        for label, what in minus
        if case.total(what)
    )
    return page(
        f"<p>Declaratie verwerkt</p><h1>{euro(case.total('paid_out'), 'sign')}</h1><p>naar je rekening op "
        f"{_short(case.handled_on)}</p><h2>Zo komen we aan dit bedrag</h2><table><tr><td>Factuur</td><td class=r>"
        f"{euro(case.total('declared'), 'sign')}</td></tr>{rows}<tr><td><b>Jij krijgt</b></td><td class=r><b>"
        f"{euro(case.total('paid_out'), 'sign')}</b></td></tr></table><h2>Gegevens</h2><p>Zorgverlener<br>"
        f"{case.practice}"
        f"</p><p>Factuurnummer<br>{case.number}</p><p>Eerste behandeldag<br>{_short(case.lines[0].day)}</p><p>Voor<br>"
        f"{case.person}</p>",
        screen=True,
    )


@layout("notes below the table")
def notes_below_the_table(case: Case) -> str:
    """Draw a table with numbers of remarks, explained below it."""
    rows = []
    for number, line in enumerate(case.lines, start=1):
        notes = " ".join(sign for sign, has in (("A", line.deductible), ("B", line.not_reimbursed)) if has)
        rows.append([str(number), day(line.day, "slash"), line.code, euro(line.declared), euro(line.granted),
                     euro(line.deductible), euro(line.paid_out), notes])  # fmt: skip
    heads = [
        "Nr.",
        "Datum zorg",
        "Prestatie",
        "Nota- bedrag",
        "Toegekend",
        "Verrekend eigen risico",
        "Uit te keren",
        "Opm.",
    ]
    sums = [euro(case.total(what)) for what in ("declared", "granted", "deductible", "paid_out")]
    return page(
        f"<table><tr><td>{case.insurer}<br>Afdeling Zorg Services</td><td>Verzekerdenr. {case.policy}<br>Datum "
        f"{day(case.handled_on, 'slash')}</td></tr></table><h1>Uitkeringsspecificatie</h1><p>Verzekerde "
        f"{_surname_first(case)}"
        f", geb. {day(case.born, 'slash')}<br>Notanummer {case.number}<br>Zorgaanbieder {case.practice} (AGB "
        "12-345678)</p>"
        f"{table(heads, *rows, ['', '', 'Totaal', *sums, ''])}<p>A Dit bedrag valt onder "
        "uw eigen risico.<br>B Uw zorgverlener heeft geen contract met ons of rekent meer dan het tarief dat wij "
        "vergoeden.</p>",
        style="th{vertical-align:bottom;border-bottom:.4mm solid #111}",
    )


@layout("several care givers on a page")
def several_care_givers_on_a_page(case: Case) -> str:
    """Draw the bills of one person at several care givers, each with a total below it."""
    blocks = ""
    heads = ["Datum", "Omschrijving", "Gefactureerd", "Vergoeding", "Waarvan eigen risico"]
    for name, one in zip(
        ("Apotheek Centrum", None, "Optiek Het Oog"), (case.others[0], case, case.others[1]), strict=True
    ):
        rows = [
            [
                day(line.day),
                line.care,
                euro(line.declared, "eur"),
                euro(line.granted, "eur"),
                euro(line.deductible, "eur"),
            ]
            for line in one.lines
        ]
        sums = [euro(one.total(what), "eur") for what in ("declared", "granted", "deductible")]
        blocks += (
            f"<h2>{name or one.practice} – nota {one.number}</h2>{table(heads, *rows, ['', 'Subtotaal', *sums])}<p>"
            f"Uitbetaald voor deze nota {euro(one.total('paid_out'), 'eur')}</p>"
        )
    paid = sum(one.total("paid_out") for one in (case, *case.others))
    return page(
        f"<h1>Declaratieoverzicht</h1><p>{case.insurer} · verzekerde {case.person} · {day(case.born)}</p>{blocks}"
        f"<p><b>Totaal overgemaakt {euro(paid, 'eur')}</b></p>",
        style="table{font-size:8.5pt}",
    )


@layout("sum with minus signs behind")
def sum_with_minus_signs_behind(case: Case) -> str:
    """Draw a sum as bookkeepers draw it, with the sign behind what is taken off."""
    rows = [
        ["Gedeclareerd", euro(case.total("declared"), "behind")],
        ["Niet vergoed op grond van uw polis", euro(-case.total("not_reimbursed"), "behind")],
        ["Wettelijke eigen bijdrage", euro(0, "behind")],
        ["Verplicht eigen risico", euro(-case.total("deductible"), "behind")],
        ["Door ons uitgekeerd", euro(case.total("paid_out"), "behind")],
    ]
    body = "".join(f"<tr><td>{label}</td><td>EUR</td><td class=r>{amount}</td></tr>" for label, amount in rows)
    return page(
        f"<p>{case.insurer}</p><h1>Specificatie van uw declaratie</h1><p>Naam: {_surname_first(case)}<br>"
        "Geboortedatum: "
        f"{day(case.born, 'dots')}<br>Zorgverlener: {case.practice}<br>Uw nota: {case.number}<br>Notadatum: "
        f"{day(case.issued_on, 'dots')}</p><table style='width:65%'>{body}</table><p>Na deze declaratie is van uw "
        "eigen "
        f"risico nog over: EUR {euro(_left(case))}</p>"
    )


@layout("a column for each treatment")
def a_column_for_each_treatment(case: Case) -> str:
    """Draw a table turned over: treatments beside each other, what became of them below."""
    lines = case.lines
    rows = [
        ["Datum", *(day(line.day, "short") for line in lines), ""],
        ["Code", *(line.code for line in lines), "Totaal"],
    ]
    for label, what in (("Kosten", "declared"), ("Vergoeding", "granted"), ("Niet vergoed", "not_reimbursed"),
                        ("Eigen risico", "deductible"), ("Te ontvangen", "paid_out")):  # fmt: skip
        rows.append([label, *(euro(getattr(line, what)) for line in lines), euro(case.total(what))])
    return page(
        f"<h1>Uw nota van {case.practice}</h1><p>{case.insurer} heeft nota {case.number} voor {case.person} "
        "beoordeeld op "
        f"{day(case.handled_on, 'words')}.</p><table>{rows_of(rows)}</table>",
        style="td{font-size:8.5pt;border:.2mm solid #ccc}",
    )


@layout("care bill in a portal")
def care_bill_in_a_portal(case: Case) -> str:
    """Draw a care bill as portals print it: one wide row, and no amount that was paid."""
    heads = ["Zorgverlener", "Zorgsoort", "Start- datum", "Eind- datum", "Gedeclareerd bedrag"]
    heads += ["Vergoed basis- verzekering", "Vergoed aanvullende verzekering", "Eigen risico- bedrag", "Eigen bijdrage"]
    heads += ["Niet vergoed"]
    row = [case.practice, "Overige zorg", day(case.lines[0].day, "iso"), day(case.lines[-1].day, "iso"),
           *(euro(case.total(what), "sign") for what in ("declared", "granted")), "€ 0,00",
           euro(case.total("deductible"), "sign"), "€ 0,00", euro(case.total("not_reimbursed"), "sign")]  # fmt: skip
    return page(
        f"<p>Mijn zorgkosten 2026</p><h1>Zorgnota {case.number}</h1><p>Verzekerde: {case.person}, "
        f"{day(case.born, 'iso')}</p>"
        f"{table(heads, row)}<p>Verwerkt op {day(case.handled_on, 'iso')} door "
        f"{case.insurer}.</p>",
        style="@page{size:A4 landscape} td,th{font-size:8.5pt;border:.2mm solid #bbb}",
    )


@layout("carried over to the next page")
def carried_over_to_the_next_page(case: Case) -> str:
    """Draw pages of two treatments, with the sums carried over from page to page."""
    heads = ["Datum", "Code", "Omschrijving", "Ingediend", "Vergoed", "Eigen risico"]
    whats = ("declared", "granted", "deductible")
    pages = []
    for start in range(0, len(case.lines), 2):
        rows = [
            [day(line.day), line.code, line.care, *(euro(getattr(line, what)) for what in whats)]
            for line in case.lines[start : start + 2]
        ]
        sums = [sum(getattr(line, what) for line in case.lines[: start + 2]) for what in whats]
        before = [sum(getattr(line, what) for line in case.lines[:start]) for what in whats]
        if start:
            rows.insert(0, ["", "", "Transport", *(euro(value) for value in before)])
        last = start + 2 >= len(case.lines)
        rows.append(["", "", "Totaal" if last else "Transporteren", *(euro(value) for value in sums)])
        end = f"<p>Uit te betalen bedrag: {euro(case.total('paid_out'), 'sign')}</p>" if last else ""
        pages.append(
            f"<p>{case.insurer} · Declaratie {case.number} · {case.practice} · blad {start // 2 + 1}</p><p>"
            f"{case.person}, "
            f"geboren {day(case.born)}</p>{table(heads, *rows)}{end}"
        )
    return page("<div style='page-break-before:always'></div>".join(pages))


@layout("printout of an old system")
def printout_of_an_old_system(case: Case) -> str:
    """Draw letters of one width, shortened words, and the sums after a line of dashes."""
    text = [f"{case.insurer.upper()}", "", f"NOTA {case.number}    VERZ.NR {case.policy}    {case.practice.upper()}",
            f"VERZEKERDE {_surname_first(case).upper()}   GEB {day(case.born)}", "",
            f"{'BEHAND.':<9} {'OMSCHRIJVING':<24} {'BEDRAG':>9} {'VERGOED':>9} {'E.R.':>9} {'UITBET.':>9}"]  # fmt: skip
    for line in case.lines:
        amounts = "".join(
            f"{euro(value):>10}" for value in (line.declared, line.granted, line.deductible, line.paid_out)
        )
        text.append(f"{line.day:%d%m%y}    {line.care.upper()[:24]:<24}{amounts}")
    sums = "".join(f"{euro(case.total(what)):>10}" for what in ("declared", "granted", "deductible", "paid_out"))
    text += ["-" * 75, f"{'TOTAAL':<34}{sums}"]
    return page(f"<pre>{'<br>'.join(text)}</pre>", style="pre{font:9.5pt 'DejaVu Sans Mono'}")


@layout("claims overview in English")
def claims_overview_in_english(case: Case) -> str:
    """Draw the paper that an insurer sends to who reads no Dutch."""
    heads = ["Treatment date", "Treatment", "Claimed", "Reimbursed", "Deductible (eigen risico)", "Paid to you"]
    rows = [
        [day(line.day), line.care, euro(line.declared, "sign"), euro(line.granted, "sign"),
         euro(line.deductible, "sign"), euro(line.paid_out, "sign")]
        for line in case.lines
    ]  # fmt: skip
    sums = [euro(case.total(what), "sign") for what in ("declared", "granted", "deductible", "paid_out")]
    return page(
        f"<h1>Claims overview</h1><p>{case.insurer}<br>Insured person: {case.person}, born {day(case.born)}<br>Invoice "
        f"{case.number} of {case.practice}</p>{table(heads, *rows, ['', 'Total', *sums])}"
    )


@layout("own account, of which deductible")
def own_account_of_which_deductible(case: Case) -> str:
    """Draw what is paid and what is borne; the deductible is a part of the second, and amounts have dashes."""
    rows = [
        [day(line.day, "words"), line.care, euro(line.declared, "dash"), euro(line.paid_out, "dash"),
         euro(line.not_reimbursed + line.deductible, "dash"), euro(line.deductible, "dash")]
        for line in case.lines
    ]  # fmt: skip
    sums = [euro(value, "dash") for value in (case.total("declared"), case.total("paid_out"), _own(case),
                                              case.total("deductible"))]  # fmt: skip
    heads = ["Behandeld op", "Zorg", "Ingediend", "Uitgekeerd", "Voor eigen rekening", "w.v. eigen risico"]
    return page(
        f"<p>{case.insurer}</p><h1>Overzicht van uw declaratie</h1><p>{case.person} · {case.practice} · factuurnr. "
        f"{case.number}</p>{table(heads, *rows, ['Totaal', '', *sums])}<p>Stand eigen "
        f"risico 2026: gebruikt {euro(case.total('deductible'), 'dash')} van {euro(MOST, 'dash')}.</p>"
    )
