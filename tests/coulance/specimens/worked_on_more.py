"""More layouts that were looked at while the reader was worked on: boxes, tiles, mails, wide tables, other words."""

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.unseen import rows_of, table

TILES = "td{background:#eef;border:2mm solid #fff;padding:3mm} b{font-size:13pt}"


def own(case: Case) -> int:
    """Return what the insured bears."""
    return case.total("not_reimbursed") + case.total("deductible")


@layout("tiles with words below")
def tiles(case: Case) -> str:
    """Draw large amounts beside each other with what they are below them, and the treatments under that."""
    cells = [("gedeclareerd", "declared"), ("vergoed", "granted"), ("eigen risico", "deductible"),
             ("op uw rekening", "paid_out")]  # fmt: skip
    top = "".join(f"<td><b>{euro(case.total(what), 'sign')}</b><br>{label}</td>" for label, what in cells)
    care = "".join(f"<li>{day(x.day, 'words')}: {x.care}</li>" for x in case.lines)
    return page(
        f"<h1>Declaratie {case.number}</h1><p>{case.person} ({day(case.born)})<br>{case.practice}</p>"
        f"<table><tr>{top}</tr></table><ul>{care}</ul><p>{case.insurer}</p>",
        style=TILES,
    )


@layout("mail in short sentences")
def mail(case: Case) -> str:
    """Draw a mail in which every amount has a sentence of its own."""
    refused = f"Niet vergoed is {euro(case.total('not_reimbursed'), 'sign')}. "
    return page(
        f"<p>Van: {case.insurer}<br>Onderwerp: uw declaratie is verwerkt</p><p>Beste {case.person},</p><p>Wij hebben "
        f"de factuur met nummer {case.number} van {case.practice} verwerkt. U declareerde "
        f"{euro(case.total('declared'), 'sign')}. U krijgt {euro(case.total('granted'), 'sign')} vergoed. {refused}"
        f"Van uw eigen risico gaat {euro(case.total('deductible'), 'sign')} af. Op uw rekening storten wij "
        f"{euro(case.total('paid_out'), 'sign')}.</p><p>Wat blijft er over van uw eigen risico? Kijk in de app.</p>"
    )


@layout("steps of a sum")
def steps(case: Case) -> str:
    """Draw a sum in steps with what comes of each, as a cash register does."""
    rows = [
        ["Bedrag op de rekening van uw zorgverlener", euro(case.total("declared"))],
        ["Min: wat wij niet vergoeden", euro(-case.total("not_reimbursed"))],
        ["Vergoeding voor eigen risico", euro(case.total("granted"))],
        ["Min: eigen risico", euro(-case.total("deductible"))],
        ["Dit krijgt u van ons", euro(case.total("paid_out"))],
    ]
    return page(
        f"<h1>Zo is uw vergoeding berekend</h1><p>Rekening {case.number} van {case.practice}, ontvangen op "
        f"{day(case.issued_on)}</p><p>Voor {case.person}, geboren {day(case.born)}</p><table style='width:80%'>"
        f"{rows_of(rows)}</table><p>Nog over van uw eigen risico dit jaar: {euro(38_500, 'sign')}</p>"
        f"<p>{case.insurer}</p>"
    )


@layout("two columns of a page")
def two_columns(case: Case) -> str:
    """Draw the sum on the left, and the state of the year in a column on the right of it."""
    rows = [["Factuurbedrag", euro(case.total("declared"), "sign")], ["Vergoed", euro(case.total("granted"), "sign")],
            ["Eigen risico", euro(case.total("deductible"), "sign")],
            ["Uitbetaald aan u", euro(case.total("paid_out"), "sign")]]  # fmt: skip
    return page(
        f"<p>{case.insurer}</p><h1>Uw declaratie</h1><p>{case.practice} · factuur {case.number} · {case.person}</p>"
        f"<table><tr><td style='width:60%;vertical-align:top'><table>{rows_of(rows)}</table></td>"
        "<td style='vertical-align:top;background:#f3f3f3'>Vragen?<br>Bel 030 123 45 67<br>op werkdagen van<br>"
        "8 tot 18 uur</td></tr></table>"
    )


@layout("columns with dashes for nothing")
def dashes(case: Case) -> str:
    """Draw a table in which nothing is a dash."""

    def amount(cents: int) -> str:
        return euro(cents) if cents else "<span>–</span>"

    heads = [
        "Datum",
        "Verrichting",
        "In rekening gebracht",
        "Vergoed door ons",
        "Niet vergoed",
        "Eigen risico",
        "Betaald",
    ]
    whats = ("declared", "granted", "not_reimbursed", "deductible", "paid_out")
    rows = [[day(x.day), x.care, *(amount(getattr(x, what)) for what in whats)] for x in case.lines]
    sums = [amount(case.total(what)) for what in whats]
    return page(
        f"<h1>Overzicht vergoeding</h1><p>{case.insurer}</p><p>Nota: {case.number} ({case.practice})<br>"
        f"Verzekerde: {case.person}</p>{table(heads, *rows, ['Totaal', '', *sums])}",
        style="td span{display:block;text-align:right} td,th{font-size:9pt}",
    )


@layout("only what is borne")
def only_borne(case: Case) -> str:
    """Draw what was claimed, what is paid, and what is borne with its two parts."""
    rows = [["Rekening", euro(case.total("declared"), "sign")],
            ["Wij betalen aan u", euro(case.total("paid_out"), "sign")],
            ["U betaalt zelf", euro(own(case), "sign")],
            ["– waarvan eigen risico", euro(case.total("deductible"), "sign")],
            ["– waarvan niet verzekerd", euro(case.total("not_reimbursed"), "sign")]]  # fmt: skip
    return page(
        f"<h1>Wie betaalt wat?</h1><p>{case.practice}, rekening {case.number} van {day(case.issued_on)}</p>"
        f"<p>{case.person}</p><table style='width:70%'>{rows_of(rows)}</table><p>{case.insurer}</p>"
    )


@layout("words and amounts in one cell", screen=True)
def one_cell(case: Case) -> str:
    """Draw a screen of a telephone: each word with its amount below it, two beside each other."""
    pairs = [("Ingediend bedrag", "declared"), ("Vergoeding", "granted"), ("Eigen risico", "deductible"),
             ("Ontvangen", "paid_out")]  # fmt: skip
    cells = [f"<td>{label}<br><b>{euro(case.total(what), 'sign')}</b></td>" for label, what in pairs]
    return page(
        f"<h2>{case.practice}</h2><p>{case.person}<br>Factuurnummer {case.number}<br>"
        f"{day(case.lines[0].day, 'words')}</p>"
        f"<table><tr>{cells[0]}{cells[1]}</tr><tr>{cells[2]}{cells[3]}</tr></table><p>{case.insurer}</p>",
        screen=True,
    )


@layout("English sums on rows")
def english(case: Case) -> str:
    """Draw a short statement in English."""
    rows = [["Amount claimed", euro(case.total("declared"), "sign")],
            ["Not covered", euro(case.total("not_reimbursed"), "sign")],
            ["Reimbursement before deductible", euro(case.total("granted"), "sign")],
            ["Deductible", euro(case.total("deductible"), "sign")],
            ["Amount paid to your account", euro(case.total("paid_out"), "sign")]]  # fmt: skip
    return page(
        f"<p>{case.insurer}</p><h1>Reimbursement statement</h1><p>Name: {case.person}<br>Date of birth: "
        f"{day(case.born)}<br>Provider: {case.practice}<br>Invoice number: {case.number}</p>"
        f"<table style='width:70%'>{rows_of(rows)}</table>"
    )


@layout("wide table of a policy")
def wide(case: Case) -> str:
    """Draw a table across the page with more columns than are needed, headings in the middle."""
    heads = ["Verzekerde", "Behandeldatum", "Prestatie", "Aantal", "Gedeclareerd", "Max. vergoeding", "Vergoed",
             "Verplicht eigen risico", "Vrijwillig eigen risico", "Uitbetaald"]  # fmt: skip
    rows = [[case.person, day(x.day), x.code, "1", euro(x.declared), euro(x.granted), euro(x.granted),
             euro(x.deductible), euro(0), euro(x.paid_out)] for x in case.lines]  # fmt: skip
    sums = [euro(case.total(what)) for what in ("declared", "granted", "granted", "deductible")]
    sums += [euro(0), euro(case.total("paid_out"))]
    return page(
        f"<h1>Specificatie nota {case.number}</h1><p>{case.practice}</p><p>{case.insurer}</p>"
        f"{table(heads, *rows, ['Totaal', '', '', '', *sums])}",
        style="@page{size:A4 landscape} td,th{font-size:8pt;border:.2mm solid #999} th{text-align:center!important}",
    )
