"""Addresses that look like another one's, and those at which no mail arrives."""

import pytest

from billing.submission.values import FieldError, read_email
from billing.text.addresses import goes_nowhere, is_one_address


@pytest.mark.parametrize(
    "address",
    [
        "anna@p\u0430ypal.nl",  # a Cyrillic a
        "anna@ziggo.\u043dl",
        "anna@g\u03bfogle.nl",  # a Greek o
        "anna@\u0430\u0440\u0440\u04cf\u0435.com",  # whole in Cyrillic, under a Latin ending
        "anna@post.xn--pypal-4ve.nl",  # the first again, as it is sent
    ],
)
def test_a_domain_of_two_scripts_is_none(address):
    assert not is_one_address(address)
    with pytest.raises(FieldError):
        read_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "a@straße.de",
        "a@café-zuid.nl",
        "a@3m.nl",
        "a@почта.рф",
        "a@παράδειγμα.ελ",
        "a@日本のメール.みんな",
        "a@xn--strae-oqa.de",
    ],
)
def test_a_domain_of_one_script_is_one(address):
    assert is_one_address(address)


@pytest.mark.parametrize(
    "domain", ["x.invalid", "mail.test", "post.example", "a.localhost", "example.org", "a.EXAMPLE"]
)
def test_outside_the_sandbox_no_address_that_goes_nowhere_is_taken(domain, settings):
    assert goes_nowhere(f"anna@{domain}")
    settings.SANDBOX = False
    with pytest.raises(FieldError) as refused:
        read_email(f"anna@{domain}")
    assert refused.value.code == "email-nowhere"
    settings.SANDBOX = True
    assert read_email(f"anna@{domain}")


@pytest.mark.parametrize("domain", ["example-praktijk.nl", "test.nl", "myexample.org", "invalid.nl"])
def test_one_that_only_looks_so_is_taken(domain, settings):
    settings.SANDBOX = False
    assert read_email(f"anna@{domain}")
