"""A judge of PDF/UA-1 (ISO 14289-1): `page`, which agrees with veraPDF's own corpus and needs no Java."""

import page


def faults_of(content: bytes) -> list[str]:
    """Return what a reader of tagged PDF would stumble over, as the rule and what it says."""
    report = page.validate_pdf_bytes(content, profile="ua1")
    return [f"{failure.rule_id} {failure.message}" for failure in report.failures]
