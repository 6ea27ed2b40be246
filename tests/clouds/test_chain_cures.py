from functools import partial
from pathlib import Path

import pytest

from exporter.clouds.chain_cures import CURES, cure, cures
from exporter.clouds.providers import Chain, Provider, told
from exporter.credentials import AccessKey
from exporter.errors import SourceError

PAGE = Path(__file__).parents[2] / "docs" / "credentials.md"


class CredentialException(Exception):  # noqa: N818 - that is its name
    """Named like that of the vendor's library, whose text is shown."""


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("CredentialException: Environment variable accessKeyId cannot be empty", "variables"),
        ("ApiValueError: Missing required env var: HUAWEICLOUD_OIDC_PROVIDER_URN", "variables"),
        (
            "CredentialException: unable to open credentials file: /etc/keys/.aliyun/config.json",
            "mount the file",
        ),
        ("ServerResponseException: HttpCode=404", "bind a role"),
        ("ConnectTimeout: 100.100.100.200: timed out", "no machine of that cloud"),
        ("CredentialException: 400 AuthenticationFail.OIDCToken.Expired", "audience"),
        ("CredentialException: 403 NoPermission", "trust policy"),
        ("a key that ended 2020-01-01T00:00:00Z was given; is the clock right?", "clock"),
        ("no answer within 8 s", "routes"),
    ],
)
def test_what_a_provider_says_has_a_cure(said: str, word: str) -> None:
    assert word in cure(said)


def test_the_page_on_credentials_tells_each_cure_that_has_a_row() -> None:
    text = PAGE.read_text().lower()
    rows = [what.partition(":")[0] for parts, what in CURES if any(part in text for part in parts)]
    assert len(rows) >= 7


def failing(text: str) -> AccessKey:
    raise CredentialException(text)


def test_a_chain_that_has_no_key_tells_what_to_do_about_each_provider() -> None:
    texts = {"environment": "Environment variable accessKeyId cannot be empty", "metadata": "HttpCode=404"}
    providers = [Provider(name, partial(failing, text)) for name, text in texts.items()]
    error = Chain(lambda: providers)()
    assert isinstance(error, SourceError)
    assert error.cures == (
        "Name the provider that is meant in chain, and see to that one.",
        f"environment: {CURES[0][1]}.",
        f"metadata: {CURES[2][1]}.",
    )


def test_one_provider_has_its_cure_alone() -> None:
    assert cures([("metadata", "HttpCode=404")]) == ("Bind a role or an agency to the machine.",)


def test_a_sign_of_a_template_before_a_path_is_not_shown() -> None:
    failure = CredentialException(
        "failed to get credential from credentials file: $/etc/keys/.alibabacloud/credentials.ini"
    )
    assert told(failure).endswith("credentials file: /etc/keys/.alibabacloud/credentials.ini")
