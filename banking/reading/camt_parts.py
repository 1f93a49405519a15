"""The details of an entry of CAMT.053: who, from where, with which references, whatever the version calls them."""

from dataclasses import replace

from banking.details import Details
from banking.reading import codes, costs, tags
from banking.reading.facts import Kind, Part, cents_of
from billing.text.xml import Node

_NO_REFERENCE = ("NOTPROVIDED", "NONREF")


def part_of(entry: Node, node: Node, *, own: str) -> tuple[int | None, Part]:
    """Return the signed cents of one TxDtls, None when it has no amount in euros, and the part."""
    mark = node.read("CdtDbtInd") or entry.read("CdtDbtInd")
    cents = _cents(node)
    if cents is not None and mark == "DBIT":
        cents = -cents
    told = _details(entry, node, came_in=mark == "CRDT", own=own)
    moved = _cents(entry) or 0 if cents is None else cents
    told = costs.of_camt(told, moved if mark == "CRDT" else -abs(moved), node)
    return cents, Part(cents or 0, _kind(entry, node, told), told, node.read("Refs/AcctSvcrRef") or _reference(entry))


def whole_of(entry: Node, cents: int) -> Part:
    """Return an entry without details as one part; some banks say everything in its additional information."""
    extra = entry.read("AddtlNtryInf")
    told = tags.read(extra.split("\n")) if extra else Details()
    told = replace(told, entry_reference=_known(entry.read("NtryRef")), bank_code=_code(entry))
    return Part(cents, _kind(entry, entry, told), told, _reference(entry))


def add_information(part: Part, extra: str) -> None:
    """Add what the additional information of an entry with one part says: in the file it stands behind the details.

    What the details say themselves counts more.
    """
    said, told = part.details, tags.read(extra.split("\n"))
    names = ("name", "iban", "bic", "structured", "issuer", "end_to_end", "batch", "text", "return_code", "mandate")
    found = {name: getattr(said, name) or getattr(told, name) for name in names}
    part.details = replace(said, **found, extra="\n".join(filter(None, (said.extra, extra))))
    if told.return_code and part.kind == Kind.TRANSFER:
        part.kind = Kind.RETURNED


def _cents(node: Node) -> int | None:
    """Return the amount of a part: what moved on our account. What the payer ordered may be in another currency."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        amount = node.first(path)
        if amount is not None and amount.attributes.get("Ccy", "EUR") == "EUR":
            return cents_of(amount.text)
    return None


def _details(entry: Node, node: Node, *, came_in: bool, own: str) -> Details:
    roles = ("Dbtr", "Cdtr") if came_in else ("Cdtr", "Dbtr")
    # A payment of ours that came back may name us in the place of the payer.
    role = next((role for role in roles if (iban := _iban(node, role)) and iban != own), "")
    role = role or next((role for role in roles if _name(node, role) and _iban(node, role) != own), roles[0])
    remittance = node.first("RmtInf") or node
    structured = remittance.all("Strd/CdtrRefInf")
    references = [text for item in structured if (text := item.read("Ref"))]
    lines = [item.text.strip() for item in remittance.all("Ustrd")] + references[1:]
    lines += [item.text.strip() for item in remittance.all("Strd/AddtlRmtInf")]
    lines += [item.text.strip() for item in remittance.all("Strd/RfrdDocInf/Nb")]
    ultimate = _name(node, "UltmtDbtr" if came_in else "UltmtCdtr")
    extra = [node.read("AddtlTxInf"), ultimate]
    return Details(
        name=_name(node, role),
        iban=_iban(node, role),
        bic=node.read(*(f"RltdAgts/{role}Agt/FinInstnId/{name}" for name in ("BICFI", "BIC"))),
        structured=references[0] if references else "",
        issuer=next((text for item in structured if (text := item.read("Tp/Issr"))), "")[:35],
        end_to_end=_known(node.read("Refs/EndToEndId")),
        batch=_known(node.read("Refs/PmtInfId")) or _known(entry.read("NtryDtls/Btch/PmtInfId")),
        instruction=_known(node.read("Refs/InstrId")),
        entry_reference=_known(entry.read("NtryRef")),
        text="\n".join(line for line in lines if line),
        extra="\n".join(text for text in extra if text),
        return_code=node.read("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry") or ("?" if node.all("RtrInf") else ""),
        purpose=node.read("Purp/Cd", "Purp/Prtry"),
        mandate=node.read("Refs/MndtId"),
        creditor_id=node.read("RltdPties/Cdtr/Id/PrvtId/Othr/Id", "RltdPties/Cdtr/Pty/Id/PrvtId/Othr/Id"),
        bank_code=_code(node) or _code(entry),
    )


def _name(node: Node, role: str) -> str:
    return node.read(f"RltdPties/{role}/Pty/Nm", f"RltdPties/{role}/Nm")


def _iban(node: Node, role: str) -> str:
    account = node.read(f"RltdPties/{role}Acct/Id/IBAN", f"RltdPties/{role}Acct/Id/Othr/Id")
    return "".join(account.split()).upper()


def _kind(entry: Node, node: Node, told: Details) -> Kind:
    if told.return_code:
        return Kind.RETURNED
    for place in (node, entry):
        kind = codes.of_camt(*(place.read(f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")))
        if kind != Kind.TRANSFER:
            return kind
    return Kind.REVERSAL if entry.read("RvslInd") in ("true", "1") else Kind.TRANSFER


def _code(node: Node) -> str:
    codes_of = [node.read(f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(code for code in codes_of if code) or node.read("BkTxCd/Prtry/Cd")


def _reference(entry: Node) -> str:
    return entry.read("AcctSvcrRef")[:80]


def _known(reference: str) -> str:
    return "" if reference.upper() in _NO_REFERENCE else reference
