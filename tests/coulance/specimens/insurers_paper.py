"""What letters, portals and apps of insurers have in common: heads, rows, columns, and how amounts are put in."""

from tests.coulance.specimens.cases import CARE, Case, day, euro
from tests.coulance.specimens.drawing import page

KINDS_OF_CARE = {"mondzorg": "Mondzorg", "fysiotherapie": "Fysiotherapie", "ggz": "Geestelijke gezondheidszorg",
                 "huidtherapie": "Paramedische zorg", "medisch": "Medisch-specialistische zorg"}  # fmt: skip
LETTERHEAD = ".top{border-bottom:1.5pt solid #00739d;padding-bottom:3mm;margin-bottom:7mm} .logo{font-size:17pt;"
LETTERHEAD += "font-weight:bold;color:#00739d} .top+table td{border:0;vertical-align:top}"
LETTERHEAD += " .small{font-size:7.5pt;color:#555} .foot{margin-top:10mm}"
MODERN = "body{font-family:'Open Sans'}"
RULED = "th{border-bottom:1pt solid #333;font-weight:bold;font-size:8.5pt} td{border-bottom:.4pt solid #bbb}"
CARDS = "@page{background:#f3f5f8} .bar{font-size:8pt;font-weight:bold;margin:0 0 3mm}"
CARDS += " .card{background:#fff;border-radius:3mm;padding:3.5mm;margin:0 0 3mm}"
CARDS += " td{padding:1.4mm 0} .big{font-size:20pt;font-weight:bold} .grey{color:#6b7785;font-size:8.5pt}"
CARDS += " .sum td{border-top:.6pt solid #c4ccd4;font-weight:bold}"


def kind_of_care(case: Case) -> str:
    """Return the kind of care as an insurer names it where treatments are kept out for privacy."""
    return next(KINDS_OF_CARE[kind] for kind, care in CARE.items() if any(x[1] == case.lines[0].care for x in care))


def period(case: Case, style: str = "digits") -> str:
    """Return the day of care, or the first and the last."""
    first, last = case.lines[0].day, case.lines[-1].day
    return day(first, style) if first == last else f"{day(first, style)} t/m {day(last, style)}"


def amounts(case: Case, style: str = "sign") -> tuple[str, str, str, str, str, str]:
    """Return declared, granted, deductible, not reimbursed, paid out and the own part as they are printed."""
    parts = [case.total(what) for what in ("declared", "granted", "deductible", "not_reimbursed", "paid_out")]
    declared, granted, deductible, refused, paid = (euro(part, style) for part in parts)
    return declared, granted, deductible, refused, paid, euro(parts[2] + parts[3], style)


def app(body: str) -> str:
    """Return a screen of a telephone: its clock and battery, the app, and the buttons below."""
    bar, buttons = "14:07 &nbsp; 5G &nbsp; 82%", "Home &nbsp; Zorgkosten &nbsp; Declareren &nbsp; Meer"
    return page(f"<p class=bar>{bar}</p>{body}<p class=grey>{buttons}</p>", style=CARDS, screen=True)


def rows(*pairs: tuple[str, str]) -> str:
    """Return a table of words with their values at the right."""
    lines = (f"<tr><td>{word}</td><td class=r>{value}</td></tr>" for word, value in pairs)
    return f"<table>{''.join(lines)}</table>"


def table(heads: str, lines: list[list[str]], *, right_from: int) -> str:
    """Return a table; the columns from `right_from` hold amounts."""

    def row(cells: list[str], tag: str) -> str:
        marked = (f"<{tag}{' class=r' if i >= right_from else ''}>{cell}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(marked)}</tr>"

    return f"<table>{row(heads.split('|'), 'th')}{''.join(row(line, 'td') for line in lines)}</table>"


def letterhead(case: Case, *facts: str) -> str:
    """Return the top of a letter: whose it is, to whom, and its facts."""
    address = f"{case.person}<br>Lindelaan 14<br>3511 AB Utrecht"
    return (f"<div class=top><span class=logo>{case.insurer}</span></div><table><tr><td>{address}</td>"
            f"<td style='width:75mm'>{'<br>'.join(facts)}</td></tr></table><br>")  # fmt: skip


def foot(case: Case) -> str:
    """Return the small print under a letter."""
    return (f"<p class='small foot'>{case.insurer} N.V. · Postbus 1200 · 6800 BC Arnhem · Klantenservice: maandag tot "
            "en met vrijdag van 8.00 tot 18.00 uur</p>")  # fmt: skip


def own_risk_state(case: Case) -> str:
    """Return the state of the year's own risk, as many insurers add it."""
    deductible, granted = case.total("deductible"), case.total("granted")
    whole = 38_500 if deductible <= 38_500 else 88_500
    used = deductible if deductible == granted else whole
    return (f"<h2>Stand eigen risico {case.issued_on.year}</h2>"
            + rows(("Uw eigen risico", euro(whole, "sign")), ("Gebruikt", euro(used, "sign")),
                   ("Nog over", euro(whole - used, "sign"))))  # fmt: skip
