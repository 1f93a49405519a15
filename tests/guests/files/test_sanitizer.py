"""What strangers may send: nothing active comes out, within ten seconds and 512 MB a file."""

import io
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from coulance.models import Specification
from guests.files import cleaning, isolated, storage
from guests.files.sanitizer import MEMORY_BYTES, Unacceptable, image, isolation, pdf
from tests.guests.files import attempts, hostile, hostile_pictures
from tests.guests.files.measuring import measured, measured_with_one_start
from tests.guests.files.test_pdf_pages import only_pictures

Kind, Reason = Specification.Kind, Specification.Reason
CORPUS = hostile.CORPUS | hostile_pictures.CORPUS
REFUSED = {
    "pdf bomb": "too_complex",
    "pdf bomb in a bomb": "too_complex",
    "pdf bomb of three": "too_complex",
    "pdf picture flood": "too_complex",
    "pdf flood of drawings in drawings": "too_complex",
    "pdf of many pages": "too_long",
    "pdf file annotation": "bundle",
    "pdf encrypted": "password",
    "pdf of nothing": "damaged",
    "png flood": "too_complex",
    "png cut off": "incomplete",
    "heic of nothing": "damaged",
    "heic flood": "too_complex",
    "heic without size": "damaged",
    "heic of boxes in boxes": "damaged",
    "avif flood": "damaged",
    "webp of nothing": "damaged",
    "tiff flood": "too_complex",
    "tiff of nothing": "damaged",
    "gif of nothing": "damaged",
    "gif flood": "too_complex",
    "bmp flood": "too_complex",
    "jpeg whose segment never ends": "damaged",
    "png with a chunk larger than itself": "incomplete",
    "jpeg flood": "too_complex",
    "jpeg of php": "damaged",
    "jpeg without size": "damaged",
    "jpeg without height": "damaged",
    "png without size": "damaged",
}


# These have a process of their own, started as the product starts it; the others share one start (see one_by_one).
STARTED = tuple(name for name in hostile.CORPUS if re.search("bomb|flood", name))
MAX_SECONDS = 10  # what is promised for a file, with starting up


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of every file of the corpus."""
    contents = {name: make() for name, make in CORPUS.items()}
    found = {name: measured(contents.pop(name)) for name in STARTED}
    shared = measured_with_one_start(contents.values(), tmp_path_factory.mktemp("files"))
    return found | dict(zip(contents, shared, strict=True))


def test_a_bomb_is_as_large_as_it_says():
    assert zlib.decompress(hostile.zeros(5_000_000)) == b"\x00" * 5_000_000


def test_a_fork_ends_as_a_process_of_its_own_does(tmp_path):
    bomb = hostile.CORPUS["pdf bomb"]()
    (fork,) = measured_with_one_start([bomb], tmp_path)
    assert fork[1] <= MEMORY_BYTES
    assert fork[2:] == measured(bomb)[2:]
    assert fork[2] < 0, "killed for its memory"


@pytest.mark.parametrize("name", ["pdf bomb", "pdf flood of drawings in drawings"])
def test_a_file_that_takes_more_than_it_may_is_too_complex(name):
    with pytest.raises(cleaning.FileRejected) as refused:
        cleaning.clean(hostile.CORPUS[name](), Kind.PDF)
    assert refused.value.reason == Reason.TOO_COMPLEX


def test_the_corpus_is_large_enough():
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_active_comes_out(outcomes, name):
    _seconds, _memory, code, out = outcomes[name]
    if code == 0:
        (only_pictures if out.startswith(b"%PDF-") else plain_picture)(out)
    elif code == cleaning.REFUSED:
        assert out.decode() in Reason.values
    assert code <= 0 or code == cleaning.REFUSED, (name, "the sanitizer broke", out[-400:])
    assert (code == 0) == (name not in REFUSED) or name in UNDECIDED, (name, code, out[:80])
    if code == cleaning.REFUSED and name in REFUSED:
        assert out.decode() == REFUSED[name]


# Whether a library mends these is its own affair; nothing active comes out either way.
UNDECIDED = (
    *(name for name in CORPUS if "damage everywhere" in name),
    "heic larger than it is",
    "tiff that points to itself",
    "pdf nested arrays",
    "pdf looping pages",
    "pdf cut off",
    "png flood below the limit",
    "png text bomb",
)


@pytest.mark.parametrize("name", CORPUS)
def test_time_and_memory_are_bounded(outcomes, name):
    seconds, memory, _code, _out = outcomes[name]
    assert seconds <= MAX_SECONDS
    assert memory <= MEMORY_BYTES


def plain_picture(out):
    with Image.open(io.BytesIO(out)) as picture:
        picture.load()
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert out.endswith(b"\xff\xd9" if out.startswith(b"\xff\xd8") else b"IEND\xaeB`\x82")
    assert b"<script" not in out


@pytest.mark.parametrize("name", hostile.NOT_TAKEN)
def test_other_kinds_are_known_by_their_first_bytes(name):
    assert cleaning.kind_of(hostile.NOT_TAKEN[name]) is None


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("content", [b"", *hostile.NOT_TAKEN.values()], ids=["nothing", *hostile.NOT_TAKEN])
def test_what_is_no_such_file_is_refused_in_the_process_too(kind, content):
    """Its caller looks at the first bytes; the process does not lean on that."""
    with pytest.raises(Unacceptable, match="damaged"):
        pdf.rewrite(content) if kind == Kind.PDF else image.rewrite_for(kind)(content)


@pytest.mark.parametrize("arguments", [["docx"], [], ["pdf", "png"]])
def test_a_kind_that_is_not_taken_is_refused_with_a_sentence(arguments):
    command = [*cleaning.command(Kind.PDF)[:-1], *arguments]
    done = subprocess.run(command, cwd=isolated.ROOT, env={}, capture_output=True, input=b"GIF89a")
    assert (done.returncode, done.stdout) == (cleaning.REFUSED, Reason.NOT_A_DOCUMENT.encode())
    assert re.fullmatch(rb"Not taken: .+\. Say pdf, jpeg, .+ or bmp\.\n", done.stderr)


@pytest.mark.parametrize("command", [["false"], ["true"], [sys.executable, "-m", "no_such_module"]])
def test_a_sanitizer_that_breaks_is_no_refusal(command, monkeypatch):
    monkeypatch.setattr(cleaning, "command", lambda kind: command)
    with pytest.raises(cleaning.SanitizerError):
        cleaning.clean(hostile.pdf(), Kind.PDF)


@pytest.mark.parametrize("name", hostile.NAMES, ids=ascii)
def test_a_name_becomes_harmless(name):
    shown = storage.shown_name(name, Kind.PDF)
    assert shown == hostile.NAMES[name]


def test_a_photo_of_a_phone_stands_upright_and_says_nothing():
    exif = Image.Exif()
    exif[0x0112], exif[0x8825] = 6, {1: "N"}
    out = cleaning.clean(hostile.picture("JPEG", (8000, 6000), exif=exif), Kind.JPEG)
    plain_picture(out)
    with Image.open(io.BytesIO(out)) as picture:
        assert picture.height > picture.width
        assert max(picture.size) <= 3500


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "LA", "I;16"])
def test_every_kind_of_png_works(mode):
    plain_picture(cleaning.clean(hostile.picture("PNG", mode=mode), Kind.PNG))


def test_a_picture_of_two_is_read_in_isolation():
    """Pillow has a module of its own for it, which must have been imported before."""
    both = io.BytesIO()
    Image.new("RGB", (40, 30)).save(both, "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))])
    plain_picture(cleaning.clean(both.getvalue(), Kind.JPEG))


def possible_attempts(in_isolation):
    command = [sys.executable, "-E", "-s", "-m", "tests.guests.files.attempts", in_isolation]
    done = subprocess.run(command, cwd=isolated.ROOT, env={}, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()


def test_in_isolation_nothing_can_be_reached():
    assert isolation.seccomp_available()
    assert possible_attempts("yes") == []


def test_twin_without_isolation_everything_can():
    assert possible_attempts("no") == list(attempts.ATTEMPTS)


def test_the_limits_apply_without_seccomp():
    code = """if True:
        import resource
        from guests.files.sanitizer import isolation
        isolation.apply_rlimits()
        print(resource.getrlimit(resource.RLIMIT_NPROC)[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=isolated.ROOT, stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"0", b"0"]


def test_what_a_process_leaves_behind_is_ended_with_it(monkeypatch, tmp_path):
    left = tmp_path / "pid"
    monkeypatch.setattr(cleaning, "command", lambda kind: ["/bin/sh", "-c", f"sleep 60 >&- & echo $! > {left}; echo x"])
    assert cleaning.clean(hostile.pdf(), Kind.PDF) == b"x\n"
    number = int(left.read_text())
    for _moment in range(200):
        if not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/stat").read_text().split()[2]:
            return
        time.sleep(0.01)
    pytest.fail("it still runs")


def test_a_process_that_talks_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(cleaning, "command", lambda kind: ["yes"])
    monkeypatch.setattr(cleaning, "MAX_CLEAN_BYTES", 100_000)
    monkeypatch.setattr(cleaning, "MAX_SECONDS", 60)
    started = time.monotonic()
    with pytest.raises(cleaning.FileRejected) as refused:
        cleaning.clean(hostile.pdf(), Kind.PDF)
    assert refused.value.reason == Reason.TOO_COMPLEX
    assert time.monotonic() - started < 10


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(cleaning, "MAX_SECONDS", 0.01)
    with pytest.raises(cleaning.FileRejected) as refused:
        cleaning.clean(hostile.pdf(), Kind.PDF)
    assert refused.value.reason == Reason.TOO_COMPLEX
