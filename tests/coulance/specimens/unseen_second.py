"""Layouts by somebody who never saw the reader nor the other piles: what most Dutch insurers send, by their market."""

from dataclasses import replace
from datetime import timedelta

from tests.coulance.specimens import layout
from tests.coulance.specimens.cases import PRACTICES, Case, Line, day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.insurers_paper import (
    LETTERHEAD,
    MODERN,
    RULED,
    amounts,
    app,
    foot,
    kind_of_care,
    letterhead,
    own_risk_state,
    period,
    rows,
    table,
)


@layout("care cost invoice, page 2 explains the bill")
def care_cost_invoice(case: Case) -> str:
    """Draw a first page with what you receive and a second with the block of the bill."""
    declared, granted, deductible, refused, paid, own = amounts(case)
    top = letterhead(case, f"Relatienummer: {case.policy}", f"Datum: {day(case.handled_on, 'words')}",
                     f"Ons kenmerk: ZKF {case.policy[:4]}.{case.seed:05d}")  # fmt: skip
    receives, how = (
        f"U ontvangt van ons <b>{paid}</b>",
        "Wij maken dit over op het rekeningnummer dat wij van u hebben. ",
    )
    if not case.total("paid_out"):
        receives, how = "U ontvangt geen geld van ons", ""
    first = (f"{top}<h1>Zorgkostenfactuur</h1><p>Beste {case.person},</p><p>Wij hebben zorgkosten voor u verwerkt.</p>"
             f"<p style='font-size:13pt'>{receives}</p><p>{how}Op de volgende pagina leest u hoe wij dit hebben "
             "berekend. In verband met uw privacy ziet u hier geen details van de behandeling. Die vindt u in uw "
             f"persoonlijke omgeving.</p>{foot(case)}")  # fmt: skip
    bill = rows(("Verzekerde", f"{case.person}, geboren {day(case.born)}"), ("Zorgverlener", case.practice),
                ("Soort zorg", kind_of_care(case)), ("Behandeldatum", period(case)), ("Bedrag van de nota", declared),
                ("Vergoeding", granted), ("Eigen risico", deductible), ("Niet vergoed", refused),
                ("<b>Voor uw eigen rekening</b>", f"<b>{own}</b>"),
                ("<b>U ontvangt</b>", f"<b>{paid}</b>"))  # fmt: skip
    second = f"<div style='page-break-before:always'><h1>Uitleg per nota</h1><h2>Nota 1</h2>{bill}"
    second += f"{own_risk_state(case)}</div>"
    return page(first + second, style=LETTERHEAD + "td{border-bottom:.4pt solid #ccc}")


@layout("one row a bill, with a footnote of the reason")
def one_row_a_bill(case: Case) -> str:
    """Draw one row for the bill and what is transferred under it."""
    declared, granted, deductible, refused, paid, _own = amounts(case, "plain")
    mark = " <sup>1)</sup>" if case.total("not_reimbursed") else ""
    line = [case.person, case.practice, period(case), declared, granted, deductible, refused + mark]
    heads = "Verzekerde|Zorgverlener|Behandel&shy;datum|Ingediend bedrag|Vergoeding|Eigen risico|Niet vergoed"
    why = "<p class=small>1) Wij hebben geen contract met deze zorgverlener. De vergoeding is daarom lager.</p>"
    body = (letterhead(case, f"Klantnummer {case.policy}", f"Datum {day(case.handled_on)}")
            + "<h1>Overzicht van uw zorgkosten</h1><p>Alle bedragen zijn in euro's.</p>"
            + table(heads, [line], right_from=3) + (why if mark else "")
            + f"<p>Wij maken <b>€ {paid}</b> aan u over. U vindt de details van de nota in uw online omgeving.</p>"
            + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD + MODERN + RULED + "td{font-size:8.5pt}")


@layout("bill with its own part split by reason")
def own_part_by_reason(case: Case) -> str:
    """Draw what is paid and what is not, the last split into its reasons."""
    declared, _granted, deductible, refused, paid, own = amounts(case)
    reasons = []
    if case.total("deductible"):
        reasons.append((f"Eigen risico {case.issued_on.year}", deductible))
    if case.total("not_reimbursed"):
        reasons.append(("Hoger dan de maximale vergoeding", refused))
    why = "<p>Waarom betaalt u een deel zelf?</p><div style='margin-left:8mm'>" + rows(*reasons) + "</div>"
    bill = rows((f"Nota {case.number} van {case.practice}", declared), ("Wij betalen", paid),
                ("Voor uw rekening", own))  # fmt: skip
    body = (letterhead(case, f"Polisnummer {case.policy}", f"{day(case.handled_on, 'words')}")
            + f"<h1>Afrekening zorgkosten</h1><h2>{case.person} ({day(case.born)})</h2>"
            + f"<p>{kind_of_care(case)}, {period(case)}</p>{bill}{why if reasons else ''}"
            + "<p>Het bedrag dat voor uw rekening blijft, betaalt u aan uw zorgverlener.</p>" + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD)


@layout("to receive and to pay in two columns")
def receive_and_pay(case: Case) -> str:
    """Draw a reimbursement and an own risk that are set off against each other."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    bill = rows(("Zorgverlener", case.practice), ("Verzekerde", case.person), ("Geboortedatum", day(case.born)),
                ("Datum behandeling", period(case, "words")), ("Factuurnummer zorgverlener", case.number),
                ("Bedrag factuur", declared), ("Niet verzekerd bedrag", refused))  # fmt: skip
    lines = [["Vergoeding", granted, ""], ["Eigen risico", "", deductible], ["<b>Totaal</b>", granted, deductible]]
    body = (letterhead(case, f"Klantnummer: {case.policy}", f"Factuurdatum: {day(case.handled_on)}")
            + f"<h1>Zorgkostenfactuur</h1><h2>{kind_of_care(case)}</h2>{bill}<h2>Te ontvangen en te betalen</h2>"
            + table("Omschrijving|Te ontvangen|Te betalen", lines, right_from=1)
            + f"<p>Wij verrekenen deze bedragen met elkaar. <b>U ontvangt van ons {paid}.</b></p>"
            + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD + RULED)


@layout("portal: claim with a table of treatments")
def portal_treatments(case: Case) -> str:
    """Draw a printed portal page; the reimbursement is after the own risk, each row sums to what was declared."""

    def cells(line: Line | Case, first: list[str]) -> list[str]:
        get = line.total if isinstance(line, Case) else lambda what: getattr(line, what)
        return [*first, *(euro(get(x), "sign") for x in ("declared", "paid_out", "deductible", "not_reimbursed"))]

    heads = "Datum|Behandeling|Gedeclareerd|Vergoed|Eigen risico|Niet vergoed"
    lines = [cells(line, [day(line.day), line.care]) for line in case.lines] + [cells(case, ["<b>Totaal</b>", ""])]
    body = (f"<p class=small>Mijn {case.insurer} &nbsp;›&nbsp; Zorgkosten &nbsp;›&nbsp; Declaratie</p>"
            f"<h1>{case.practice}</h1>"
            + rows(("Voor", case.person), ("Status", "Afgehandeld"), ("Verwerkt op", day(case.handled_on)),
                   ("Factuurnummer", case.number))
            + f"<h2>Behandelingen</h2>{table(heads, lines, right_from=2)}"
            "<p class=small>Download als pdf · Ik heb een vraag over deze declaratie · "
            "Terug naar het overzicht</p>")  # fmt: skip
    return page(body, style=LETTERHEAD + MODERN + RULED)


@layout("portal: a folded-out block for each treatment")
def portal_blocks(case: Case) -> str:
    """Draw a block of words and amounts for each treatment, then their totals."""
    blocks = "".join(
        f"<h2>{day(line.day, 'words')} – {line.care}</h2>"
        + rows(("Bedrag rekening", euro(line.declared, "sign")), ("Vergoed bedrag", euro(line.granted, "sign")),
               ("Niet vergoed bedrag", euro(line.not_reimbursed, "sign")),
               ("Ten laste van eigen risico", euro(line.deductible, "sign")))
        for line in case.lines
    )  # fmt: skip
    declared, granted, deductible, refused, paid, _own = amounts(case)
    body = (f"<h1>Mijn declaraties</h1><p>{case.insurer}</p>"
            + rows(("Zorgverlener", case.practice), ("Verzekerde", f"{case.person} ({day(case.born)})"),
                   ("Declaratienummer", f"D{case.policy}"), ("Afgehandeld op", day(case.handled_on)))
            + blocks + "<hr><h2>Totaal van deze declaratie</h2>"
            + rows(("Bedrag rekening", declared), ("Vergoed bedrag", granted), ("Niet vergoed bedrag", refused),
                   ("Ten laste van eigen risico", deductible), ("Uitbetaald op uw rekening", paid)))  # fmt: skip
    return page(body, style=MODERN + "h2{margin:4mm 0 0;color:#8a1538} td{padding:.7mm 1.5mm}")


@layout("reimbursement overview by post, with codes")
def overview_by_post(case: Case) -> str:
    """Draw the overview that comes by post, in narrow columns with codes."""
    lines = [[day(x.day, "short"), x.code, x.care, "1", euro(x.declared), euro(x.granted), euro(x.deductible),
              euro(x.paid_out)] for x in case.lines]  # fmt: skip
    sums = [euro(case.total(what)) for what in ("declared", "granted", "deductible", "paid_out")]
    heads = "Datum|Code|Omschrijving|Aantal|Notabedrag|Vergoeding|Af: eigen risico|Uit te keren"
    facts = [f"Verzekerdennummer: {case.policy}", f"Geboortedatum: {day(case.born)}", f"Datum: {day(case.handled_on)}"]
    refused = case.total("not_reimbursed")
    outside = f" Een bedrag van € {euro(refused)} valt buiten uw verzekering." if refused else ""
    body = (letterhead(case, *facts) + "<h1>Vergoedingenoverzicht</h1>"
            f"<p>Nota {case.number} d.d. {day(case.issued_on)} van {case.practice}</p>"
            + table(heads, [*lines, ["<b>Totaal</b>", "", "", "", *sums]], right_from=3)
            + f"<p>Het bedrag van € {sums[3]} staat binnen 3 werkdagen op uw rekening.{outside}</p>"
            + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD + RULED + "td,th{font-size:8pt;padding:1mm}")


@layout("app: card of one claim", screen=True)
def app_card(case: Case) -> str:
    """Draw the screen of one claim: what you get on top, how it is made up below."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    body = ("<p class=grey>‹ Declaraties</p><div class=card><p class=grey>Afgehandeld op "
            f"{day(case.handled_on, 'words')}</p><p class=big>{paid}</p><p>Dit krijg je op je rekening</p></div>"
            f"<div class=card><b>{case.practice}</b><p class=grey>{period(case, 'words')}<br>Voor {case.person}</p>"
            + rows(("Ingediend", declared), ("Niet vergoed", refused), ("Vergoed", granted),
                   ("Af van je eigen risico", deductible)) + "</div><p class=grey>Klopt er iets niet? Stuur ons een "
            "bericht.</p>")  # fmt: skip
    return app(body)


@layout("app: visits with their amounts, totals below", screen=True)
def app_visits(case: Case) -> str:
    """Draw each visit with what it cost and what was reimbursed, and the totals."""
    visits = "".join(
        f"<tr><td>{line.care}<br><span class=grey>{day(line.day)}</span></td><td class=r>{euro(line.declared, 'sign')}"
        f"<br><span class=grey>vergoed {euro(line.granted, 'sign')}</span></td></tr>"
        for line in case.lines
    )
    declared, granted, deductible, refused, paid, _own = amounts(case)
    body = (f"<h1>{case.practice}</h1><p class=grey>{case.person}<br>Factuur {case.number}</p>"
            f"<div class=card><table>{visits}</table></div><div class=card>"
            + rows(("Totaal rekening", declared), ("Totaal vergoed", granted), ("Zelf betalen, niet vergoed", refused),
                   ("Zelf betalen, eigen risico", deductible), ("<b>Uitbetaald</b>", f"<b>{paid}</b>"))
            + "</div>")  # fmt: skip
    return app(body)


@layout("app: sum with minus signs", screen=True)
def app_sum(case: Case) -> str:
    """Draw the sum from the bill down to what is paid out."""

    def less(cents: int) -> str:
        return f"- {euro(cents, 'sign')}" if cents else euro(0, "sign")

    lines = [("Bedrag van de rekening", euro(case.total("declared"), "sign")),
             ("Dit vergoeden we niet", less(case.total("not_reimbursed"))),
             ("Eigen risico", less(case.total("deductible")))]  # fmt: skip
    total = f"<tr class=sum><td>Jij ontvangt</td><td class=r>{euro(case.total('paid_out'), 'sign')}</td></tr>"
    body = (f"<p class=grey>{case.insurer}</p><h1>Je vergoeding</h1><div class=card><b>{kind_of_care(case)}</b>"
            f"<p>{case.practice}<br>{period(case)}</p><p class=grey>Verzekerde: {case.person}, {day(case.born)}</p>"
            f"</div><div class=card><b>Zo hebben we gerekend</b>{rows(*lines)[:-8]}{total}</table></div>")  # fmt: skip
    return app(body)


@layout("letter in sentences, formal")
def formal_letter(case: Case) -> str:
    """Draw a letter that says in sentences what is granted and what is set off."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    says = [f"Wij hebben uw declaratie beoordeeld. Het gaat om de nota van {case.practice} met nummer {case.number} "
            f"voor behandeling op {period(case, 'words')}. De nota bedraagt {declared}."]  # fmt: skip
    if case.total("not_reimbursed"):
        says.append(f"Volgens uw polisvoorwaarden komt van deze nota {granted} voor vergoeding in aanmerking. Het "
                    f"verschil van {refused} blijft voor uw eigen rekening.")  # fmt: skip
    else:
        says.append(f"Volgens uw polisvoorwaarden komt de hele nota, {granted}, voor vergoeding in aanmerking.")
    if case.total("deductible"):
        says.append(f"Op de vergoeding brengen wij {deductible} in mindering vanwege uw eigen risico. Wij maken daarom "
                    f"{paid} aan u over.")  # fmt: skip
    else:
        says.append(f"Er is geen eigen risico van toepassing. Wij maken {paid} aan u over.")
    facts = [f"Ons kenmerk: {case.policy}/DEC", f"Geboortedatum: {day(case.born)}", f"{day(case.handled_on, 'words')}"]
    surname = " ".join(part for part in case.name[1:] if part)
    body = (letterhead(case, *facts) + "<p><b>Betreft: beslissing op uw declaratie</b></p><p>Geachte heer, mevrouw "
            f"{surname[0].upper()}{surname[1:]},</p>" + "".join(f"<p>{text}</p>" for text in says)
            + f"<p>Met vriendelijke groet,</p><p>Afdeling Declaraties<br>{case.insurer}</p>")  # fmt: skip
    return page(body, style=LETTERHEAD + "p{line-height:1.45}")


@layout("letter in sentences, informal, reasons in a list")
def informal_letter(case: Case) -> str:
    """Draw a letter that says what comes back and why the rest does not."""
    declared, _granted, deductible, refused, paid, own = amounts(case)
    reasons = []
    if case.total("not_reimbursed"):
        reasons.append(f"Je verzekering dekt niet de hele rekening: {refused}.")
    if case.total("deductible"):
        reasons.append(f"Je had nog eigen risico: {deductible}.")
    why = f"<p>Je betaalt zelf {own}. Dat komt hierdoor:</p><ul>{''.join(f'<li>{x}</li>' for x in reasons)}</ul>"
    body = (letterhead(case, f"Datum: {day(case.handled_on)}", f"Klantnummer: {case.policy}")
            + f"<h1>Je declaratie is klaar</h1><p>Hallo {case.person},</p><p>Je stuurde ons een rekening van "
            f"{case.practice}. De behandeling was op {period(case)}. Op de rekening staat {declared}.</p>"
            f"<p>Van ons krijg je {paid}.</p>{why if reasons else '<p>Je hoeft zelf niets te betalen.</p>'}"
            f"<p>Groeten van het team van {case.insurer}</p>{foot(case)}")  # fmt: skip
    return page(body, style=LETTERHEAD + MODERN + "p,li{line-height:1.5}")


def household(case: Case) -> tuple[Case, Case]:
    """Return two more bills of the policy: a housemate's, and another one of the same person elsewhere."""
    elsewhere = PRACTICES[(PRACTICES.index(case.practice) + 2) % len(PRACTICES)]
    initials = "K." if case.name[0] != "K." else "L."
    mate, own = (_at_the_same_time(bill, case) for bill in case.others)
    mate = replace(mate, name=(initials, *case.name[1:]), insurer=case.insurer)
    return mate, replace(own, name=case.name, born=case.born, practice=elsewhere, insurer=case.insurer)


def _at_the_same_time(bill: Case, case: Case) -> Case:
    """Return the bill as if it was handled on the day of the case: no paper tells of care to come."""
    later = case.handled_on - bill.handled_on
    lines = tuple(replace(line, day=line.day + later) for line in bill.lines)
    return replace(bill, lines=lines, issued_on=bill.issued_on + later, handled_on=case.handled_on)


@layout("family: a block for each person's bill")
def family(case: Case) -> str:
    """Draw the bills of a policy one by one, and one sum to receive."""
    mate, elsewhere = household(case)

    def block(number: int, bill: Case) -> str:
        declared, granted, deductible, refused, paid, _own = amounts(bill)
        return (f"<h2>Nota {number}: {bill.person}, geboren {day(bill.born)}</h2><p>{bill.practice} · "
                f"{kind_of_care(bill)} · {period(bill)} · factuur {bill.number}</p>"
                + rows(("Ingediend", declared), ("Vergoed", granted), ("Niet vergoed", refused),
                       ("Eigen risico", deductible), ("Te ontvangen", paid)))  # fmt: skip

    bills = [mate, case, elsewhere]
    total = euro(sum(bill.total("paid_out") for bill in bills), "sign")
    body = (letterhead(case, f"Polisnummer {case.policy}", f"Datum {day(case.handled_on)}")
            + f"<h1>Zorgkosten van u en uw gezin</h1><p>Voor deze 3 nota's ontvangt u samen {total}.</p>"
            + "".join(block(number, bill) for number, bill in enumerate(bills, 1)) + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD + "h2{margin:4mm 0 0} p{margin:1mm 0} td{padding:.6mm 1.5mm}")


@layout("bills with treatments over two sheets")
def two_sheets(case: Case) -> str:
    """Draw bills one after another, with a new sheet in the middle of ours."""
    mate, elsewhere = household(case)
    mate = replace(mate, name=case.name, born=case.born)
    heads = "Datum|Prestatie|Gedeclareerd|Vergoed|Eigen risico|Uitbetaald"
    parts = ("declared", "granted", "deductible", "paid_out")

    def lines(bill: Case) -> list[list[str]]:
        body = [[day(x.day), f"{x.code} {x.care}", *(euro(getattr(x, part)) for part in parts)] for x in bill.lines]
        return [*body, ["Totaal nota", "", *(euro(bill.total(part)) for part in parts)]]

    def title(bill: Case, more: str = "") -> str:
        return f"<h2>{bill.practice}, nota {bill.number}{more}</h2>"

    cut = (len(case.lines) + 1) // 2
    first = title(mate) + table(heads, lines(mate), right_from=2) + title(case)
    first += table(heads, lines(case)[:cut], right_from=2) + "<p class=small>Lees verder op de volgende pagina</p>"
    second = title(case, " (vervolg)") + table(heads, lines(case)[cut:], right_from=2) + title(elsewhere)
    second += table(heads, lines(elsewhere), right_from=2)
    top = letterhead(case, f"Verzekerde: {case.person}", f"Geboren: {day(case.born)}", f"Polis: {case.policy}")
    body = (f"{top}<h1>Declaratieoverzicht</h1><p>Verwerkt op {day(case.handled_on)}. Bedragen in euro's.</p>{first}"
            f"<div style='page-break-before:always'><p class=small>{case.insurer}, pagina 2 van 2</p>{second}"
            f"{foot(case)}</div>")  # fmt: skip
    return page(body, style=LETTERHEAD + RULED + "h2{margin:5mm 0 1mm} td{font-size:9pt}")


@layout("print of an old system, in capitals")
def old_system(case: Case) -> str:
    """Draw columns of a fixed width on a lying sheet."""
    parts = ("declared", "granted", "not_reimbursed", "deductible", "paid_out")
    heads = f"{'BEH.DATUM':<12}{'CODE':<9}{'OMSCHRIJVING':<27}" + "".join(
        f"{x:>13}" for x in ("NOTABEDRAG", "VERGOED", "NIET VERG.", "EIG. RISICO", "UITBETAALD")
    )
    lines = [f"{day(x.day):<12}{x.code:<9}{x.care.upper():<27}" + "".join(f"{euro(getattr(x, p)):>13}" for p in parts)
             for x in case.lines]  # fmt: skip
    total = f"{'TOTAAL':<48}" + "".join(f"{euro(case.total(part)):>13}" for part in parts)
    top = [f"{case.insurer.upper():<70}DATUM  : {day(case.handled_on)}",
           f"{'SPECIFICATIE ZORGKOSTEN':<70}BLAD   : 1", "",
           f"VERZEKERDE   : {case.person.upper():<40}GEB.DATUM : {day(case.born)}",
           f"ZORGVERLENER : {case.practice.upper():<40}POLISNR.  : {case.policy}",
           f"NOTANUMMER   : {case.number}", ""]  # fmt: skip
    text = "\n".join([*top, heads, "-" * len(heads), *lines, "-" * len(heads), total]).replace("&", "&amp;")
    return page(f"<pre>{text}</pre>", style="@page{size:A4 landscape} pre{font:8.6pt/1.35 'DejaVu Sans Mono'}")


@layout("new decision beside the earlier one")
def decided_anew(case: Case) -> str:
    """Draw a bill that was first refused for want of a referral, and is now reimbursed."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    none = euro(0, "sign")
    earlier = day(case.handled_on - timedelta(days=2))
    lines = [["Bedrag nota", declared, declared], ["Vergoeding", none, granted], ["Niet vergoed", declared, refused],
             ["Eigen risico", none, deductible], ["Aan u betaald", none, paid]]  # fmt: skip
    body = (letterhead(case, f"Klantnummer: {case.policy}", f"Datum: {day(case.handled_on)}")
            + f"<h1>Uw nota is opnieuw beoordeeld</h1><p>Beste {case.person},</p><p>Op {earlier} wezen wij de nota van "
            f"{case.practice} ({case.number}) van {period(case)} af, omdat de verwijzing ontbrak. Die hebben wij nu "
            "van u ontvangen. Daarom vergoeden wij de nota alsnog. In de laatste kolom ziet u onze nieuwe beslissing. "
            "De eerdere beslissing vervalt.</p>"
            + table(f"&nbsp;|Beslissing van {earlier} (vervallen)|Nieuwe beslissing", lines, right_from=1)
            + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD + RULED)
