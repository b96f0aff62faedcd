"""Secrets are replaced; the text around them stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.redact import SHOWN_INSTEAD, redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key AKIAABCDEFGHIJKLMNOP used", "AKIAABCDEFGHIJKLMNOP"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        (f"got {JWT} from", JWT),
        (f"pem {PEM} end", "MIIEow"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE", "MHcCAQEE"),
        ("dial postgres://temporal:s3cret@db:5432/x failed", "s3cret"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ('{"password": "hunter2"}', "hunter2"),
        ("sent Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("dsn pwd=hunter2 host=x", "hunter2"),
        ('said {\\"password\\":\\"hunter2\\"}', "hunter2"),
        ("dial postgres://u:p@ss/w@db:5432/x", "ss/w"),
        ("keyAKIAABCDEFGHIJKLMNOP_x", "AKIAABCDEFGHIJKLMNOP"),
        ("https://h/?X-Amz-Signature=deadbeef&x=1", "deadbeef"),
    ],
)
def test_a_secret_is_replaced(text: str, secret: str) -> None:
    shown = redact(text)
    assert secret not in shown
    assert SHOWN_INSTEAD in shown


@given(st.text())
def test_redaction_accepts_any_text_and_is_idempotent(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_ordinary_words_stay() -> None:
    text = "history lags: 12.5 s (limit: above 10 s) on queue orders at http://127.0.0.1:9009/x"
    assert redact(text) == text
