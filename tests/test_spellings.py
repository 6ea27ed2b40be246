"""A secret is found however a server sends it back."""

import base64
import html
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from exporter.credentials import Secret, without_secrets
from exporter.spellings import spellings

SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FF), min_size=8, max_size=40)


@given(secret=SECRETS, user=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=6))
def test_a_login_in_base64_shows_nothing_of_its_password(secret: str, user: str) -> None:
    echoed = base64.b64encode(f"{user}:{secret}\n".encode()).decode()
    found = max((spelling for spelling in spellings(secret) if spelling in echoed), key=len)
    # Each character of base64 is six bits; the password shares at most two of them with its neighbours.
    assert 6 * len(found) > 8 * len(secret.encode()) - 12


@given(secret=SECRETS)
def test_a_secret_in_urls_json_html_programs_and_hexadecimal_is_masked(secret: str) -> None:
    held = Secret(secret)
    for echoed in (
        secret,
        quote(secret, safe=""),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        html.escape(secret),
        secret.encode("unicode_escape").decode(),
        secret.encode().hex(),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    ):
        shown = without_secrets(f"before {echoed} after")
        assert shown.startswith("before ")
        assert "<secret>" in shown
        assert len(shown) <= len("before <secret> after") + 2, shown
    assert held.reveal() == secret


def test_a_text_without_secrets_stays_as_it_is() -> None:
    held = Secret("a-long-secret")
    assert without_secrets("a long secret, YSBsb25n") == "a long secret, YSBsb25n"
    assert held.reveal()
