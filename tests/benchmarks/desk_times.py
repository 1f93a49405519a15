"""What the office of a practice takes for its tasks, by hand: `python -m tests.benchmarks.desk_times`.

A script does each in Chromium at the running demo, with what a person presses, points at and types, and adds it up by
the keystroke-level model (Card, Moran and Newell): a key 0.2 s, pointing 1.1 s and the click 0.2 s, a look before one
acts 1.35 s. To that comes what the page really took, from the last key until the next page stood there. Every task
begins at the start page of the desk; "/" puts the hand in the search field of every page.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

from tests.benchmarks import desk_ground
from tests.benchmarks.desk_ground import START, Desk

KEY, POINT, CLICK, LOOK = 0.2, 1.1, 0.2, 1.35  # seconds
MOST_SECONDS, MOST_PAGES = 30.0, 4  # pages: three to work on, and the one that shows what came of it


class Hands:
    """Somebody at the desk: what they do is done on the page, and counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = self.clicks = self.looks = self.pages = 0
        self.waited = 0.0

    @property
    def seconds(self) -> float:
        return self.keys * KEY + self.clicks * (POINT + CLICK) + self.looks * LOOK + self.waited

    @contextmanager
    def next_page(self) -> Iterator[None]:
        """Act, and wait for the page that comes of it."""
        with self.page.expect_navigation():
            yield
            began = time.perf_counter()
        self.waited += time.perf_counter() - began
        self.pages += 1

    def look(self) -> None:
        self.looks += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def press(self, *chords: str) -> None:
        for chord in chords:
            self.page.keyboard.press(chord)
            self.keys += chord.count("+") + 1

    def click(self, target: Locator) -> None:
        """Look for something, point at it and click."""
        self.look()
        target.click()
        self.clicks += 1

    def open(self, name: str) -> None:
        """Click on the link or button that begins with `name`; a page comes."""
        with self.next_page():
            self.click(
                self.page.locator("main, #content").locator(f"a:has-text('{name}'), button:has-text('{name}')").first
            )

    def find(self, text: str) -> None:
        """Type into the search field of every page."""
        self.look()
        self.press("/")
        self.type(text)
        with self.next_page():
            self.press("Enter")

    def fill(self, field: str, text: str) -> None:
        """Point at a field and type what it should hold."""
        self.click(self.page.locator(field))
        if self.page.input_value(field):
            self.press("Control+a")
        self.type(text)

    def choose(self, field: str, beginning: str) -> None:
        """Choose from a list by the first letters of what is meant."""
        self.click(self.page.locator(field))
        self.page.keyboard.press("Escape")
        self.type(beginning)
        self.press("Enter")

    def says(self, text: str) -> None:
        """Fail when the page does not say it: the task was not done."""
        body = self.page.inner_text("body").replace("\xa0", " ")
        assert text in body, f"{text!r} is not on {self.page.url}:\n{body[:1500]}"


def find_invoice(hands: Hands, desk: Desk) -> None:
    """Somebody reads the end of a payment reference: whose invoice is it?"""
    hands.find(desk.references["2026-00101"][-6:])
    hands.says("M.J. Bakker, 2026-00101")


def correct_mail(hands: Hands, desk: Desk) -> None:
    """Mrs Bakker, born in 1971, calls: find her and correct her e-mail address."""
    hands.find("bakker 1971")
    hands.open("Gegevens wijzigen")
    hands.fill("#id_email", "mj.bakker@post.example")
    with hands.next_page():
        hands.press("Enter")
    hands.says("mj.bakker@post.example")


def book_transfer(hands: Hands, desk: Desk) -> None:
    """The bank statement has € 33,03 of Jansen: book it."""
    hands.find("jansen 33,03")
    hands.open("Boek een betaling")
    hands.fill("#id_reason", "afschrift 112")
    with hands.next_page():
        hands.press("Enter")
    hands.says("De betaling is geboekt")


def book_cash(hands: Hands, desk: Desk) -> None:
    """Mr Visser pays € 20 of his invoice at the counter: book it."""
    hands.find("00116")
    hands.open("Boek een betaling")
    hands.fill("#id_amount", "20")
    hands.choose("#id_road", "contant")
    hands.fill("#id_reason", "kas")
    with hands.next_page():
        hands.press("Enter")
    hands.says("€ 20,00")


def refund(hands: Hands, desk: Desk) -> None:
    """An invoice was lowered after it was paid, and € 40 is left: pay it back."""
    hands.find("00813")
    hands.open("Tegoed")
    hands.open("Keur de terugbetaling goed")
    hands.says("€ 40,00")


def move_money(hands: Hands, desk: Desk) -> None:
    """What Mrs De Wit paid was meant for her other invoice: move it there."""
    hands.find("00811")
    hands.open("Betaling verplaatsen")
    first, second = hands.page.locator("input[name^=amount_]").all()
    for field, amount in ((first, "0"), (second, "50")):
        hands.click(field)
        if field.input_value():
            hands.press("Control+a")
        hands.type(amount)
    hands.fill("input[name=reason]", "zij belde")
    with hands.next_page():
        hands.press("Enter")
    hands.says("opnieuw geboekt")


def lower(hands: Hands, desk: Desk) -> None:
    """Mr Taylor's invoice is € 25 too high: lower it."""
    hands.find("00114")
    hands.open("Intrekken of verlagen")
    hands.click(hands.page.locator("input[name=what][value=part]"))
    hands.fill("#id_lowered_by", "25")
    hands.fill("#id_reason", "dubbel geteld")
    hands.open("Kijk wat er gebeurt")
    hands.open("De rekening verlagen")
    hands.says("€ 155,67")


def withdraw(hands: Hands, desk: Desk) -> None:
    """Mr Peeters was never treated: withdraw his invoice."""
    hands.find("00120")
    hands.open("Intrekken of verlagen")
    hands.click(hands.page.locator("input[name=what][value=whole]"))
    hands.fill("#id_reason", "niet behandeld")
    hands.open("Kijk wat er gebeurt")
    hands.open("De rekening intrekken")
    hands.says("ingetrokken")


def hand_in(hands: Hands, desk: Desk) -> None:
    """The software made a file of this week's invoices: look at it, hand it in and keep the answer."""
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu").get_by_role("link", name="Aanleveren").first)
    with hands.page.expect_file_chooser() as asked:
        hands.click(hands.page.locator("#files"))
    asked.value.set_files(desk.batch)
    hands.keys += len(desk.batch.name) + 1  # the name in the window of the system, and Enter
    hands.look()
    with hands.next_page():
        hands.click(hands.page.locator("form.send button.main"))
    began = time.perf_counter()
    hands.page.locator("button[value=hand_in]").wait_for(timeout=60_000)
    hands.waited += time.perf_counter() - began
    with hands.next_page():
        hands.click(hands.page.locator("button[value=hand_in]"))
    began = time.perf_counter()
    hands.page.get_by_role("link", name="Voor een spreadsheet").wait_for(timeout=60_000)
    hands.waited += time.perf_counter() - began
    with hands.page.expect_download() as answer:
        hands.click(hands.page.get_by_role("link", name="Voor een spreadsheet"))
    assert "2026-00920" in Path(answer.value.path()).read_text()


def figures(hands: Hands, desk: Desk) -> None:
    """The accountant wants what was booked this year, as a file."""
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu").get_by_role("link", name="Cijfers").first)
    hands.open("dit jaar")
    with hands.page.expect_download() as file:
        hands.click(hands.page.locator("a[href*='/geboekt.csv']"))
    assert "in rekening gebracht" in Path(file.value.path()).read_text()


def again(hands: Hands, desk: Desk) -> None:
    """Mrs Kaya never got her invoice: send it again, and print it for the counter."""
    hands.find("kaya 261,05")
    hands.open("Stuur de rekening opnieuw")
    with hands.page.expect_download() as letter:
        hands.click(hands.page.locator("a:has-text('Afdrukken als brief')"))
    assert Path(letter.value.path()).read_bytes().startswith(b"%PDF")


def note_and_task(hands: Hands, desk: Desk) -> None:
    """Mrs Smit wants to be called back: note it, and give it to a colleague."""
    hands.find("smit")
    hands.open("Een taak geven")
    hands.choose("select[name=kind]", "terugbellen")
    hands.fill("textarea[name=words]", "vraagt waarom element 36 twee keer telt")
    hands.choose("select[name=owner]", "balie")
    hands.open("Taak geven")
    hands.says("balie")


def coulance(hands: Hands, desk: Desk) -> None:
    """The oldest coulance case: read the specification and decide."""
    with hands.next_page():
        hands.click(hands.page.locator("a.main[href*=coulancecase]"))
    hands.look()
    hands.type("63,16")
    hands.type("100,00")
    with hands.next_page():
        hands.press("Enter")
    hands.says("€ 163,16")


def invite(hands: Hands, desk: Desk) -> None:
    """A new colleague begins on Monday: invite them."""
    hands.click(hands.page.locator("nav.menu summary"))
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu ul").get_by_role("link", name="Collega’s"))
    hands.fill("#id_email", "nieuw@delindeboom.example")
    with hands.next_page():
        hands.press("Enter")
    hands.says("nieuw@delindeboom.example")


def write_off(hands: Hands, desk: Desk) -> None:
    """Mrs Dekker paid € 1 too little: write it off."""
    hands.find("00127")
    hands.fill("#note-write_off", "klein bedrag")
    with hands.next_page():
        hands.press("Enter")
    hands.says("De rest is afgeboekt")


def payout_statement(hands: Hands, desk: Desk) -> None:
    """The accountant wants the statement of the last payout."""
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu").get_by_role("link", name="Uitbetalingen").first)
    with hands.page.expect_download() as statement:
        hands.click(hands.page.locator("#content").get_by_role("link", name="PDF").first)
    assert Path(statement.value.path()).read_bytes().startswith(b"%PDF")


def paper(hands: Hands, desk: Desk) -> None:
    """Mr De Vries brings the letter of the insurer on paper: begin coulance, and enter what it says."""
    hands.find("00112")
    hands.open("Coulance beginnen")
    hands.fill("textarea[name=reason]", "brief aan de balie")
    hands.open("Coulance beginnen")
    hands.open("Het kwam op papier")
    hands.fill("#id_paid_out", "40")
    hands.fill("#id_deductible", "38,97")
    hands.fill("#id_where", "in ons archief")
    hands.open("Invoeren")
    hands.says("bij de zorgaanbieder")


def hand_over(hands: Hands, desk: Desk) -> None:
    """Mr Van Leeuwen did not pay after the last letter: hand his invoice over to the agency."""
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu").get_by_role("link", name="Incassobureaus").first)
    hands.open("2026-00103")
    hands.click(hands.page.locator("input[name=agency]").first)
    hands.open("Draag over aan dit bureau")
    hands.says("2026-00103")


def other_practice(hands: Hands, desk: Desk) -> None:
    """The same office keeps the books of another practice: work for that one."""
    hands.choose("#practice", "fysio")
    with hands.next_page():
        hands.click(hands.page.locator("form.switch button"))
    hands.says("Fysiotherapie Het Plein")


def health(hands: Hands, desk: Desk) -> None:
    """Is all well with backup, worker and bank? (Somebody of operations.)"""
    with hands.next_page():
        hands.click(hands.page.locator("nav.menu").get_by_role("link", name="Hoe het gaat").first)
    hands.look()
    hands.says("back-up")


TASKS: tuple[Callable[[Hands, Desk], None], ...] = (
    find_invoice, correct_mail, book_transfer, book_cash, refund, move_money, lower, withdraw, hand_in, figures,
    payout_statement, again, note_and_task, coulance, paper, invite, write_off, hand_over, health,
    other_practice,
)  # fmt: skip


def measured(page: Page, desk: Desk, task: Callable[[Hands, Desk], None]) -> Hands:
    page.goto(desk.url + START)
    hands = Hands(page)
    task(hands, desk)
    return hands


def main() -> int:
    wrong = 0
    print("| task | keys | clicks | pages | waiting, s | in all, s |\n|---|---|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder, desk_ground.running(Path(folder)) as desk, sync_playwright() as play:
        office = desk_ground.window(play, desk, desk.cookies)
        operations = desk_ground.window(play, desk, desk.of_operations)
        for task in TASKS:
            try:
                hands = measured(operations if task is health else office, desk, task)
            except Exception as error:  # the others are still worth knowing; it is counted, and ends the run badly
                wrong += 1
                print(f"| {task.__name__} | {str(error)[:1500]!r}", flush=True)  # noqa: T201
                continue
            late = " **over**" if hands.seconds > MOST_SECONDS or hands.pages > MOST_PAGES else ""
            cells = (hands.keys, hands.clicks, hands.pages, f"{hands.waited:.1f}", f"{hands.seconds:.1f}{late}")
            print(f"| {(task.__doc__ or '').rstrip('.')} | {' | '.join(map(str, cells))} |", flush=True)  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(main())
