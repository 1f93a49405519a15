"""Letters, portals and papers of several pages as insurers send them; the screens of apps are in `screens`."""

from dataclasses import replace
from datetime import timedelta

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.fourth.bills import PLAIN_TABLE, born_after, dated, earlier_bills, pick, whose
from tests.coulance.specimens.insurers_paper import (
    LETTERHEAD,
    MODERN,
    amounts,
    foot,
    kind_of_care,
    letterhead,
    own_risk_state,
    period,
    rows,
    table,
)

LETTER = LETTERHEAD + PLAIN_TABLE
BOX = " .box{border:.6pt solid #b6c2cc;border-radius:2mm;padding:3mm;margin:0 0 4mm;break-inside:avoid}"


@layout("care_invoice")
def care_invoice(case: Case) -> str:
    """Draw what is to be received on the first sheet, and from the second how that came about for each bill."""
    declared, granted, deductible, refused, paid, own = amounts(case)
    first = (f"{letterhead(case, dated(case), f'Relatienummer: {case.policy}')}"
             "<h1>Uw zorgkostenfactuur</h1><p>Beste verzekerde,</p><p>Wij hebben uw declaratie verwerkt. Op de "
             f"volgende pagina leest u hoe wij dat hebben gedaan.</p>{rows(('U ontvangt van ons', f'<b>{paid}</b>'))}"
             "<p>Wij maken dit binnen 3 werkdagen over op het rekeningnummer dat bij ons bekend is.</p>"
             f"<p>Met vriendelijke groet,<br>{case.insurer}</p>{foot(case)}")  # fmt: skip
    bill = rows(("Verzekerde", f"{case.person} ({day(case.born)})"), ("Zorgverlener", case.practice),
                ("Soort zorg", kind_of_care(case)), ("Datum zorg", period(case)))  # fmt: skip
    money = rows(("Bedrag van de nota", declared), ("Onze vergoeding", granted))
    own_part = rows(("Deel dat niet wordt vergoed", refused), ("Eigen risico", deductible), ("Samen", own))
    why = pick(case, "Uw zorgverlener heeft geen contract met ons.", "De nota is hoger dan wij vergoeden.")
    why = why if case.total("not_reimbursed") else "Wij vergoeden de hele nota."
    last = table("Nota|Te ontvangen|Te betalen", [[case.practice, paid, "€ 0,00"]], right_from=1)
    return page(f"{first}<div style='break-before:page'><h2>Uitleg per nota</h2>{bill}<br>{money}"
                f"<h2>Voor eigen rekening</h2>{own_part}<p class=note>{why}</p><h2>Overzicht</h2>{last}</div>",
                style=LETTER + MODERN)  # fmt: skip


@layout("row_that_adds_up")
def row_that_adds_up(case: Case) -> str:
    """Draw a row in which what is paid, the own risk and the own costs add up to the bill."""
    lines = []
    for bill in [*reversed(earlier_bills(case)), case]:
        declared, _granted, deductible, refused, paid, _own = amounts(bill, "plain")
        lines.append([period(bill), bill.practice, kind_of_care(bill), declared, paid, deductible, refused])
    heads = "Behandeldatum|Zorgverlener|Zorgsoort|Bedrag nota|Wij betalen u|Eigen risico|Overige eigen kosten"
    total = euro(sum(bill.total("paid_out") for bill in [case, *earlier_bills(case)]), "sign")
    return page(
        f"{letterhead(case, dated(case), whose(case))}<h1>Vergoedingsoverzicht</h1>"
        "<p>In dit overzicht staan de nota's die wij in de afgelopen periode hebben afgehandeld. Bedragen in euro's. "
        f"De laatste 3 kolommen zijn samen het bedrag van de nota.</p>{table(heads, lines, right_from=3)}"
        f"<p>Wij maken in totaal <b>{total}</b> aan u over.</p><p class=note>Eigen risico: het deel van de vergoeding "
        "dat u zelf betaalt. Overige eigen kosten: kosten die niet of niet helemaal zijn verzekerd. Om uw privacy te "
        f"beschermen noemen wij geen behandelingen.</p>{foot(case)}",
        style=LETTER + " td,th{font-size:8.5pt}",
    )


@layout("bill_on_two_lines")
def bill_on_two_lines(case: Case) -> str:
    """Draw each bill as a line of whose it is, with a line of its amounts below."""
    blocks = []
    for number, bill in enumerate([case, *earlier_bills(case)], start=1):
        declared, granted, deductible, _refused, _paid, own = amounts(bill)
        head = f"<b>{number}. {bill.practice}</b> · {kind_of_care(bill)} · {period(bill, 'slash')}"
        heads = "Notabedrag|Vergoed bedrag|Waarvan eigen risico|Voor uw rekening"
        blocks.append(
            f"<div class=box>{head}{table(heads, [[declared, granted, deductible, own]], right_from=0)}</div>"
        )
    return page(
        f"{letterhead(case, whose(case), f'Verwerkt op: {day(case.handled_on)}')}<h1>Declaratieoverzicht</h1>"
        f"<p>Beste {case.person},</p><p>Deze nota's hebben wij verwerkt:</p>{''.join(blocks)}"
        "<p>Voor uw rekening: het bedrag dat u zelf betaalt. Dat is uw eigen risico en het deel van de nota dat wij "
        "niet vergoeden.</p><p>Vragen? Kijk in uw persoonlijke omgeving.</p>" + foot(case),
        style=LETTER + BOX,
    )  # fmt: skip


@layout("what_goes_off")
def what_goes_off(case: Case) -> str:
    """Draw a row that takes from the bill what is not insured and then the own risk."""
    declared, _granted, deductible, refused, paid, _own = amounts(case, "plain")
    heads = "Nota van|Zorg op|Ingediend|Af: niet verzekerd|Af: eigen risico|U ontvangt"
    cells = [case.practice, period(case), declared, refused, deductible, paid]
    number = f"Declaratie {case.seed * 7919 + 40_112_003}"
    return page(
        f"{letterhead(case, number, f'Datum {day(case.handled_on)}', whose(case))}<h1>Afrekening van uw declaratie</h1>"
        f"<p>U stuurde ons een nota. Zo hebben wij die afgerekend (bedragen in euro):</p>"
        f"{table(heads, [cells], right_from=2)}<p class=note>Niet verzekerd: dit deel van de nota valt buiten uw "
        "verzekering of is hoger dan ons maximum. Eigen risico: dit houden wij in op uw vergoeding.</p>"
        f"{own_risk_state(case)}{foot(case)}",
        style=LETTER,
    )


@layout("portal_treatments")
def portal_treatments(case: Case) -> str:
    """Draw the details of a declaration as a portal shows them, treatment by treatment."""
    lines = [[day(line.day), line.care, euro(line.declared, "sign"), euro(line.granted, "sign"),
              euro(line.deductible, "sign"), euro(line.not_reimbursed, "sign")] for line in case.lines]  # fmt: skip
    declared, granted, deductible, refused, paid, _own = amounts(case)
    lines.append([f"<b>{cell}</b>" for cell in ("Totaal", "", declared, granted, deductible, refused)])
    heads = "Datum|Omschrijving|Kosten|Vergoeding|Eigen risico|Niet vergoed"
    return page(
        f"<p class=note>Mijn {case.insurer} &nbsp;›&nbsp; Zorgkosten &nbsp;›&nbsp; Declaratie</p>"
        f"<h1>{case.practice}</h1><p>Ingediend door u · Afgehandeld op {day(case.handled_on, 'words')}</p>"
        f"{rows(('Voor', case.person), ('Geboren', day(case.born)), ('Notanummer', case.number))}<br>"
        f"{table(heads, lines, right_from=2)}<br>{rows(('Op uw rekening gestort', f'<b>{paid}</b>'))}"
        "<p class=note>De vergoeding is het bedrag voordat wij het eigen risico aftrekken.</p>",
        style=PLAIN_TABLE + MODERN,
    )


@layout("portal_blocks")
def portal_blocks(case: Case) -> str:
    """Draw a block for each treatment, and one for the whole bill."""
    blocks = []
    for line in case.lines:
        parts = rows(("In rekening gebracht", euro(line.declared, "sign")), ("Vergoed", euro(line.granted, "sign")),
                     ("Zelf betalen", euro(line.not_reimbursed + line.deductible, "sign")))  # fmt: skip
        blocks.append(f"<div class=box><b>{line.care}</b><br>{day(line.day, 'words')} · code {line.code}{parts}</div>")
    declared, granted, deductible, refused, paid, own = amounts(case)
    whole = rows(("In rekening gebracht", declared), ("Vergoed", granted), ("Zelf betalen", own),
                 ("&nbsp;&nbsp;waarvan eigen risico", deductible), ("&nbsp;&nbsp;waarvan niet verzekerd", refused),
                 ("Wij maakten aan u over", paid))  # fmt: skip
    return page(
        f"<h1>Mijn zorgkosten</h1><p>{case.person} · {day(case.born)} · polis {case.policy}</p>"
        f"<p>Nota van <b>{case.practice}</b>, verwerkt op {day(case.handled_on)}</p><h2>Hele nota</h2>"
        f"<div class=box>{whole}</div><h2>Behandelingen</h2>{''.join(blocks)}",
        style=MODERN + BOX,
    )


@layout("portal_print")
def portal_print(case: Case) -> str:
    """Draw a page of a portal as a browser prints it, with its own head and foot."""
    lines = [[line.code, line.care, day(line.day, "short"), euro(line.declared), euro(line.granted)]
             for line in case.lines]  # fmt: skip
    declared, granted, deductible, _refused, paid, _own = amounts(case, "plain")
    heads = "Prestatie|Omschrijving|Datum|Gedeclareerd (€)|Toegekend (€)"
    below = rows(("Totaal gedeclareerd", declared), ("Totaal toegekend", granted),
                 ("Ingehouden voor het eigen risico", deductible), ("Betaald op uw rekening", paid))  # fmt: skip
    margin = f"@page{{@top-left{{content:'{day(case.handled_on + timedelta(days=2), 'short')}, 20:41';font:7pt Arial}}"
    margin += "@top-right{content:'Declaratiedetails';font:7pt Arial}"
    margin += "@bottom-left{content:'https://mijn.verzekeraar.example/declaraties/details';font:7pt Arial}}"
    return page(
        f"<h1>Declaratiedetails</h1><p>Status: <b>Afgehandeld</b> ({day(case.handled_on)})</p>"
        f"{rows(('Verzekerde', case.person), ('Geboortedatum', day(case.born)), ('Zorgverlener', case.practice))}"
        f"<br>{table(heads, lines, right_from=3)}<br>{below}<p>Terug naar alle declaraties &nbsp; Niet mee eens?</p>",
        style=PLAIN_TABLE + margin,
    )


@layout("letter_of_sentences")
def letter_of_sentences(case: Case) -> str:
    """Draw a letter that says it all in sentences."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    rest = f"Het andere deel, {refused}, betaalt u zelf, want dat valt niet onder uw verzekering. "
    rest = rest if case.total("not_reimbursed") else "Dat is het hele bedrag. "
    risk = f"Over de vergoeding betaalt u {deductible} eigen risico. Dat houden wij in. "
    risk = risk if case.total("deductible") else "U betaalt voor deze nota geen eigen risico. "
    get = f"Wij maken {paid} naar u over." if case.total("paid_out") else "Daarom maken wij niets naar u over."
    subject = f"Onderwerp: uw nota van {case.practice}"
    return page(
        f"{letterhead(case, dated(case), f'Klantnummer: {case.policy}', subject)}"
        f"<p>Geachte heer/mevrouw {case.person},</p><p>U stuurde ons een nota van {case.practice} voor "
        f"{kind_of_care(case).lower()} van {period(case, 'words')}. Het bedrag van deze nota is {declared}.</p>"
        f"<p>Wij vergoeden {granted}. {rest}{risk}</p><p>{get}</p><p>Bent u het hier niet mee eens? Laat het ons "
        f"weten binnen 6 weken na de datum van deze brief.</p><p>Met vriendelijke groet,<br><br>{case.insurer}<br>"
        f"Afdeling Declaraties</p>{foot(case)}",
        style=LETTER + "body{font:11pt 'Nimbus Roman'}",
    )


@layout("mail_of_sentences")
def mail_of_sentences(case: Case) -> str:
    """Draw a message in a portal's inbox that begins with what is paid."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    start = f"U krijgt {paid} van ons" if case.total("paid_out") else "U krijgt voor deze nota geen geld van ons"
    risk = f" Daarvan gaat {deductible} naar uw eigen risico." if case.total("deductible") else ""
    left = f" De overige {refused} is voor uw eigen rekening." if case.total("not_reimbursed") else ""
    granting = pick(case, "Hiervan vergoeden we", "Daarvan komt voor vergoeding in aanmerking:")
    return page(
        f"<p class=note>Inbox · {day(case.handled_on, 'words')} · 09:12</p><h1>{start}</h1><p>Hallo {case.person},</p>"
        f"<p>Uw declaratie is klaar. Het gaat om zorg van {period(case, 'words')} bij {case.practice}, voor "
        f"{case.person} (geboren op {day(case.born, 'words')}).</p><p>De rekening was {declared}. "
        f"{granting} {granted}.{left}{risk}</p>"
        f"<p>{start}.</p><p>Groet,<br>{case.insurer}</p><p class=note>U kunt niet antwoorden op dit bericht.</p>",
        style=MODERN + " .note{color:#667;font-size:8.5pt}",
    )


@layout("family_policy")
def family_policy(case: Case) -> str:
    """Draw the bills of all insured of a policy, each person under a heading."""
    family = [case]
    for bill, initials, years in zip(earlier_bills(case), ("L.", "D.J."), (3, 27), strict=True):
        name = (initials, *case.name[1:])
        family.append(replace(bill, name=name, born=born_after(case, years)))
    family.sort(key=lambda member: member.born if case.seed % 2 else member.lines[0].day)
    parts = []
    for member in family:
        declared, granted, deductible, refused, paid, _own = amounts(member)
        cells = [period(member), member.practice, declared, granted, refused, deductible, paid]
        heads = "Datum|Zorgverlener|Gedeclareerd|Vergoed|Niet vergoed|Eigen risico|Te ontvangen"
        who = f"{member.person}, geboren {day(member.born)}"
        parts.append(f"<h2>{who}</h2>{table(heads, [cells], right_from=2)}")
    total = euro(sum(member.total("paid_out") for member in family), "sign")
    return page(
        f"{letterhead(case, f'Polisnummer {case.policy}', f'Datum {day(case.handled_on)}')}"
        f"<h1>Specificatie zorgkosten</h1><p>Voor iedereen op uw polis.</p>{''.join(parts)}<br>"
        f"{rows(('<b>Totaal dat u van ons ontvangt</b>', f'<b>{total}</b>'))}{foot(case)}",
        style=LETTER + " td,th{font-size:8.5pt}",
    )


@layout("summary_then_details")
def summary_then_details(case: Case) -> str:
    """Draw a summary of all bills, and a sheet for each of them with its treatments."""
    bills = [*reversed(earlier_bills(case)), case]
    paid = euro(sum(bill.total("paid_out") for bill in bills), "sign")
    listed = [[f"{number}", bill.practice, period(bill), euro(bill.total("paid_out"), "sign")]
              for number, bill in enumerate(bills, start=1)]  # fmt: skip
    listed.append(["", "<b>Totaal</b>", "", f"<b>{paid}</b>"])
    sheets = []
    for number, bill in enumerate(bills, start=1):
        declared, granted, deductible, refused, paid_out, _own = amounts(bill)
        lines = [[day(line.day), line.care, euro(line.declared), euro(line.granted)] for line in bill.lines]
        below = rows(("Totaal van de nota", declared), ("Wij vergoeden niet", refused), ("Wij vergoeden", granted),
                     ("Uw eigen risico", deductible), ("Overgemaakt", paid_out))  # fmt: skip
        per_treatment = table("Datum|Omschrijving|Nota|Vergoeding", lines, right_from=2)
        sheets.append(f"<div style='break-before:page'><h2>Nota {number}: {bill.practice}</h2><p>Verzekerde: "
                      f"{bill.person} ({day(bill.born)})</p>{per_treatment}<br>{below}</div>")  # fmt: skip
    heads = "Nr.|Zorgverlener|Datum zorg|Overgemaakt"
    return page(
        f"{letterhead(case, f'Datum {day(case.handled_on)}', f'Relatienummer {case.policy}')}<h1>Uw declaraties</h1>"
        f"<p>Wij hebben {len(bills)} nota's voor u verwerkt.</p>{table(heads, listed, right_from=3)}"
        f"<p>Op de volgende pagina's staat per nota de uitleg.</p>{foot(case)}{''.join(sheets)}",
        style=LETTER + "@page{@bottom-right{content:'Pagina ' counter(page) ' van ' counter(pages);font-size:7.5pt}}",
    )


@layout("letters_for_reasons")
def letters_for_reasons(case: Case) -> str:
    """Draw the statement of an old system: one typeface, amounts behind letters that are explained below."""
    declared, granted, deductible, refused, paid, _own = amounts(case, "plain")
    lines = [("NOTABEDRAG", "", declared), ("NIET VOOR VERGOEDING IN AANMERKING", "NV", refused),
             ("VOOR VERGOEDING IN AANMERKING", "", granted), ("TEN LASTE VAN EIGEN RISICO", "ER", deductible),
             ("UITBETAALD", "", paid)]  # fmt: skip
    printed = "\n".join(f"{word:<38}{mark:<6}{amount:>12}" for word, mark, amount in lines)
    return page(
        f"<pre>{case.insurer.upper()}\n\nSPECIFICATIE DECLARATIE            DATUM  {day(case.handled_on)}\n\n"
        f"VERZEKERDE   {case.person}\nGEB. DATUM   {day(case.born)}\nVERZ. NR.    {case.policy}\n\n"
        f"NOTA VAN     {case.practice}\nNOTANUMMER   {case.number}\nZORG VAN     {period(case)}\n\n{printed}\n\n\n"
        "NV = niet (geheel) verzekerd        ER = verplicht of vrijwillig eigen risico</pre>",
        style="pre{font:10pt 'DejaVu Sans Mono'}",
    )


@layout("who_pays_what")
def who_pays_what(case: Case) -> str:
    """Draw a sheet that says who pays which part of the bill."""
    declared, granted, deductible, refused, paid, own = amounts(case)
    own_part = rows(("Eigen risico", deductible), ("Wat niet gedekt is", refused), ("Samen", own))
    covered = rows(("Gedekt bedrag", granted), ("Daarvan betaalt u als eigen risico", deductible),
                   ("Daarvan betalen wij", paid))  # fmt: skip
    return page(
        f"{letterhead(case, whose(case), dated(case, 'dots'))}<h1>Wie betaalt wat?</h1>"
        f"<p>Rekening van {case.practice}, {kind_of_care(case).lower()}, {period(case)}</p>"
        f"{rows(('<b>De rekening</b>', f'<b>{declared}</b>'))}<h2>Uw verzekering dekt</h2>"
        f"{covered}<h2>U betaalt</h2>{own_part}"
        "<p>U hebt deze rekening zelf bij ons ingediend. Betaal de rekening aan uw zorgverlener.</p>" + foot(case),
        style=LETTER + MODERN,
    )  # fmt: skip
