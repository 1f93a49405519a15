"""A complaint without an invoice in the export of whoever made it, and of nobody else."""

import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from billing.models import AccessEvent, AuditEvent
from complaints import answers, export, filing, handling
from complaints.models import Answer
from tests import factories
from tests.complaints.test_files import drafted, filed, point, said
from tests.complaints.test_proof import photo, proof
from tests.coulance.conftest import media  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
ANSWER = "de brief kwam aan"


@pytest.fixture
def staff():
    return factories.staff(role="operations", provider=None)


def about_us(story, **more):
    return filing.file(said(story=story, **more), subject="service")


def answered(complaint, staff):
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    answers.answer(complaint.pk, drafted([point()]), staff=staff)
    return complaint


def packed(path, command, *arguments):
    path.unlink(missing_ok=True)
    call_command(command, *arguments, "--out", str(path))
    with zipfile.ZipFile(path) as pack:
        [facts] = [pack.read(name).decode() for name in pack.namelist() if name.endswith(".json")]
        return facts, [name for name in pack.namelist() if not name.endswith(".json")]


def test_who_proved_a_contact_gets_their_files_whole_and_nobody_elses(tmp_path, staff):
    path = tmp_path / "out.zip"
    mine = about_us("Mijn verhaal.", phone="06 12345678")
    (row,) = proof.receive(mine.pk, [photo()])
    proof.check(row.pk)
    answered(mine, staff)
    about_us("Het verhaal van een ander.", email="ander@post.example", phone="0687654321")
    filed(factories.invoice())  # about an invoice: that is in the export of the patient
    for contact in ("IEMAND@post.example", "+31612345678", mine.number.lower()):
        facts, documents = packed(path, "export_contact", contact)
        assert "Mijn verhaal." in facts
        assert ANSWER in facts
        assert documents == [f"{mine.number}/proof-{row.pk}.png"]
        assert "verhaal van een ander" not in facts
        assert list(json.loads(facts)["klachten"]) == [mine.number]
    assert AccessEvent.objects.filter(act=AccessEvent.Act.EXPORT, invoice=None).count() == 3
    assert "post.example" not in str(list(AuditEvent.objects.filter(action="contact_exported").values("details")))
    for nobody in ("", "niemand@post.example", "12345678", "0600000000"):
        path.unlink(missing_ok=True)
        with pytest.raises(CommandError, match="Nothing"):
            call_command("export_contact", nobody, "--out", str(path))


def test_who_may_not_read_what_we_write_gets_their_own_words_alone(tmp_path, staff):
    helper = {"name": "Bram Helper", "for_somebody": "Mevrouw Jansen", "as_whom": "family"}
    complaint = about_us("Zij kreeg geen brief.", **helper)
    handling.acknowledge(complaint.pk, text="Ik ben Anna van de klachten.", staff=staff)
    facts, _documents = packed(tmp_path / "out.zip", "export_contact", complaint.number)
    assert "Zij kreeg geen brief." in facts
    assert "Ik ben Anna" not in facts


def test_a_patients_export_has_what_they_told_us_about_no_invoice_and_not_their_mothers(tmp_path):
    patient = factories.invoice().patient
    email, name = patient.email, f"A. de {patient.surname}"
    about_us("Van mij zelf.", email=email.upper(), name=name, date_of_birth="29-02-1980")
    about_us("Van mijn moeder.", email=email, name=name, date_of_birth="1-1-1950")
    about_us("Zonder naam.", email=email)
    about_us("Voor een ander.", email=email, name=name, for_somebody="de buurvrouw", as_whom="family")
    about_us("Van een vreemde.", email="vreemde@post.example", name=name)
    facts, _documents = packed(tmp_path / "out.zip", "export_patient", patient.provider.agb_code, patient.number)
    assert "Van mij zelf." in facts
    for other in ("moeder", "Zonder naam", "Voor een ander", "vreemde"):
        assert other not in facts


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_only_proposed_is_no_answer_yet(staff, settings, language):
    settings.COMPLAINTS_SECOND_PERSON_ABOVE = 0
    invoice = factories.invoice()
    complaint = filed(invoice, subject="price")
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    draft = drafted([point("upheld")], wanted=answers.remedies.Wanted(lower_to=answers.ZERO))
    answers.answer(complaint.pk, draft, staff=staff)
    with translation.override(language):
        assert ANSWER not in str(export.of_invoice(invoice))
        answers.confirm(complaint.pk, staff=factories.staff(role="operations", provider=None))
        facts = export.of_invoice(invoice)[complaint.number]
        assert ANSWER in str(facts[str(Answer._meta.verbose_name_plural)])
