"""What a line says besides its amount: who, from which account, with which references and text. Sealed in the row."""

from dataclasses import dataclass, fields

from banking.models import BankLine
from billing.integrity.keyed import keyed_digest


@dataclass(frozen=True, slots=True)
class Details:
    """What the bank tells of a line; an empty text for what it leaves out. Medical data: a text can name care."""

    name: str = ""  # of the other side; some banks cut it at 24 characters
    iban: str = ""  # of the other side, without blanks
    bic: str = ""
    structured: str = ""  # reference in the place that was made for it (CUR, RF or any other issuer)
    issuer: str = ""  # of that reference: CUR is a Dutch payment reference, ISO an RF reference
    end_to_end: str = ""  # id of the payer for this payment; of our own payments: ours
    batch: str = ""  # id of a batch (PmtInfId, /PREF/); of our own batches: ours
    instruction: str = ""  # InstrId
    entry_reference: str = ""  # what stands in :61: of MT940, or NtryRef: some banks put the payment reference there
    text: str = ""  # remittance information, its lines joined as the bank cut them
    extra: str = ""  # additional information of entry and transaction, raw :86: of MT940
    return_code: str = ""  # why it came back (AC04 …); set only for what came back
    purpose: str = ""
    mandate: str = ""
    creditor_id: str = ""
    sent: str = ""  # what the payer sent, in euros, when a bank took costs off it
    costs: str = ""  # what the bank says that it took off, in euros
    original: str = ""  # what was sent in another currency: USD 60.00
    bank_code: str = ""  # the bank's code of what it is: PMNT-RCDT-ESCT, or N654


_NAMES = tuple(field.name for field in fields(Details))


def of_line(line: BankLine) -> Details:
    """Return the details of a line. Medical data: the caller has written the access log."""
    return Details(**{name: value for name, value in line.facts.items() if name in _NAMES})


def put(line: BankLine, details: Details) -> None:
    """Set the details of a line that has its fingerprint, and what is kept of them to search by."""
    line.facts = {name: value for name in _NAMES if (value := getattr(details, name))}
    line.counter_hash = counter_hash(details.iban)


def counter_hash(iban: str) -> str:
    """Return the keyed hash by which lines of one IBAN find each other; empty for none."""
    return keyed_digest("banking.counter_iban", ["".join(iban.split()).upper()]) if iban else ""
