"""TLS to the mail server, from the first byte: only a trusted certificate for its name is accepted."""

import ipaddress
import ssl

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509

from billing.channels import smtp
from tests.certificates import signed_by_itself
from tests.servers import free_port
from tests.smtp_sink import Sink

LOCALHOST = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("mail.example")
MAIL = b"Subject: Uw rekening\r\n\r\nDank u.\r\n"


@pytest.fixture
def server_of(tmp_path, settings, monkeypatch):
    """Start a mail server with a certificate for a name, trusted or not; return its mails and the number of times
    that the authorities were loaded."""
    running: list[Controller] = []
    read_list = ssl.create_default_context

    def start(name, *, trusted):
        certificate, key = signed_by_itself(tmp_path, name)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(certificate, key)
        sink, reads = Sink(), []
        server = Controller(sink, hostname="127.0.0.1", port=free_port(), ssl_context=own)
        server.start()
        running.append(server)
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_SSL = "127.0.0.1", server.port, True

        def read():
            reads.append("read")
            return read_list(cafile=certificate if trusted else None)

        monkeypatch.setattr(ssl, "create_default_context", read)
        return sink.mails, reads

    smtp._ssl_context.cache_clear()
    yield start
    smtp._ssl_context.cache_clear()
    for server in running:
        server.stop()


def send() -> None:
    with smtp.Mailer() as mailer:
        mailer.send(MAIL, sender="rekening@zorg.example", recipient="j@post.example")


def test_a_server_with_a_good_certificate_gets_mail_and_the_list_is_read_once(server_of):
    mails, reads = server_of(LOCALHOST, trusted=True)
    for _ in range(3):
        send()
    assert (len(mails), len(reads)) == (3, 1)


@pytest.mark.parametrize(("name", "trusted"), [(LOCALHOST, False), (ELSEWHERE, True)])
def test_an_untrusted_certificate_and_another_name_get_no_mail(server_of, name, trusted):
    mails, _ = server_of(name, trusted=trusted)
    with pytest.raises(smtp.RefusedForNow, match="SSLCertVerificationError"):
        send()
    assert mails == []
