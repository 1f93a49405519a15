"""The first PDF of a web process costs no more than the next ones."""

import time

from billing.documents import pdf
from portal import serving


def test_a_web_process_gets_ready_for_pdf_files_while_it_serves(monkeypatch):
    monkeypatch.setattr(serving, "WARM_AFTER_SECONDS", 1)
    pdf._shared.cache_clear()
    began = time.monotonic()
    serving.post_worker_init(worker=None)
    assert not pdf._shared.cache_info().currsize, "the first page does not wait for it"
    while not pdf._shared.cache_info().currsize:
        assert time.monotonic() - began < 60
        time.sleep(0.05)
