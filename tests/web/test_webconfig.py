import json
import re
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from exporter.config import ConfigError
from exporter.config.decoding import fields_of
from exporter.web.tls import ServerContext
from exporter.web.tls_settings import OLDER_SUITES, TlsSettings
from exporter.web.webconfig import Headers, Http, WebConfig, read
from tests.sockets import Authority
from tests.web.webfiles import HASH, tls, written

CLIENTS = "RequireAndVerifyClientCert"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def certificate(authority: Authority) -> Path:
    """A file with a good certificate and its key."""
    return authority.issue("localhost")


def context(path: Path) -> ServerContext:
    """Return the context of a good file."""
    found = read(path, {}).tls
    assert isinstance(found, ServerContext)
    return found


def mistakes(path: Path) -> list[str]:
    """Return what is wrong with a file, each with its path and without its line."""
    with pytest.raises(ConfigError) as caught:
        read(path, {})
    assert all(mistake.cure for mistake in caught.value.mistakes)
    return [f"{mistake.path}: {mistake.problem}" for mistake in caught.value.mistakes]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null\n"])
def test_a_file_that_says_nothing_is_plain_http_for_everybody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(text)
    assert read(path, {}) == WebConfig(empty=True)


def test_everything_that_there_is(tmp_path: Path, authority: Authority, certificate: Path) -> None:
    headers = {
        "Content-Security-Policy": "default-src 'self'",
        "X-Frame-Options": "sameorigin",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
        "Strict-Transport-Security": "max-age=31536000",
    }
    path = written(
        tmp_path,
        tls_server_config=tls(
            certificate,
            client_auth_type=CLIENTS,
            client_ca_file=str(authority.file),
            client_allowed_sans=["prometheus", "::1"],
            min_version="TLS12",
            max_version="TLS12",
            cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"],
            prefer_server_cipher_suites=False,
        ),
        http_server_config={"http2": True, "headers": headers},
        basic_auth_users={"prometheus": HASH, "old": f"$2y{HASH[3:]}", "older": f"$2a{HASH[3:]}"},
    )
    named: list[Path] = []
    found = read(path, {}, named.append)
    assert named == [certificate, certificate, authority.file]
    assert (found.headers, found.http2, found.empty) == (headers, True, False)
    assert {name: secret.reveal()[:4] for name, secret in found.users.items()} == {
        "prometheus": "$2b$",
        "old": "$2y$",
        "older": "$2a$",
    }
    assert HASH not in repr(found)
    built = context(path)
    assert built.verify_mode == ssl.CERT_REQUIRED
    assert built.allowed_sans == frozenset({"prometheus", "::1"})
    assert built.minimum_version == built.maximum_version == ssl.TLSVersion.TLSv1_2
    assert not built.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    older = [suite["name"] for suite in built.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    assert older == ["ECDHE-ECDSA-AES256-GCM-SHA384"]


def test_what_is_left_out_is_as_in_exporter_toolkit(tmp_path: Path, certificate: Path) -> None:
    built = context(written(tmp_path, tls_server_config=tls(certificate)))
    assert built.verify_mode == ssl.CERT_NONE
    assert built.minimum_version == ssl.TLSVersion.TLSv1_2
    assert built.maximum_version == ssl.TLSVersion.TLSv1_3
    assert built.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert built.allowed_sans is None


def test_every_suite_that_go_calls_secure_is_known_to_openssl(tmp_path: Path, certificate: Path) -> None:
    suites = list(OLDER_SUITES)
    built = context(written(tmp_path, tls_server_config=tls(certificate, cipher_suites=suites)))
    older = [suite["name"] for suite in built.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    assert older == list(OLDER_SUITES.values())


def test_paths_count_from_the_folder_of_the_file(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    section = {"cert_file": certificate.name, "key_file": certificate.name}
    assert read(written(tmp_path, tls_server_config=section), {}).tls is not None


def test_a_hash_may_come_from_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, basic_auth_users={"prometheus": "${WEB_HASH}"})
    assert read(path, {"WEB_HASH": HASH}).users["prometheus"].reveal() == HASH
    assert mistakes(path) == ["basic_auth_users.prometheus: the environment variable WEB_HASH is not set"]


def test_all_mistakes_are_told_at_once_each_with_its_place_and_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(
        "tls_config: {}\n"
        "tls_server_config:\n"
        "  cert_file: missing.crt\n"
        "  key: |\n"
        "    PEM\n"
        "  min_version: TLS14\n"
        "rate_limit: {burst: 1}\n"
        "http_server_config:\n"
        "  http2: yes\n"
        "  headers:\n"
        "    X-Frame-Option: deny\n"
        "    X-Content-Type-Options: sniff\n"
        "basic_auth_users:\n"
        "  prometheus: secret\n"
    )
    with pytest.raises(ConfigError) as caught:
        read(path, {})
    assert str(caught.value).splitlines() == [
        f"{path}: 9 mistakes",
        "  line 1, tls_config: unknown key; did you mean tls_server_config?",
        "  line 3, tls_server_config.key_file: is missing; add key_file: exporter.key",
        "  line 4, tls_server_config.key: keys in the file itself are not supported; "
        "keep it in a file, and name that with key_file",
        '  line 6, tls_server_config.min_version: "TLS14" is not known here; did you mean TLS13?',
        "  line 7, rate_limit: is not supported; leave it out; what scrapes may ask of a cloud is bounded by "
        "min_interval and requests_per_second in the configuration",
        '  line 9, http_server_config.http2: "yes" is neither true nor false; write true or false',
        "  line 11, http_server_config.headers.X-Frame-Option: unknown key; did you mean X-Frame-Options?",
        '  line 12, http_server_config.headers.X-Content-Type-Options: "sniff" is not known here; '
        "did you mean nosniff?",
        "  line 14, basic_auth_users.prometheus: is no hash of bcrypt ($2a, $2b or $2y); "
        "write what `htpasswd -nBC 10 NAME` prints after the colon",
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"client_auth_type": "RequestClientCert"},
            "client_auth_type: RequestClientCert takes certificates that nobody has verified, which is "
            "not supported",
        ),
        (
            {"client_auth_type": "RequireAnyClientCert"},
            "client_auth_type: RequireAnyClientCert takes certificates that nobody has verified, which is "
            "not supported",
        ),
        ({"client_auth_type": CLIENTS}, "client_ca_file: is missing"),
        ({"client_auth_type": "Never"}, 'client_auth_type: "Never" is not known here'),
        ({"client_ca_file": "CA"}, "client_ca_file: has no effect with client_auth_type NoClientCert"),
        (
            {
                "client_auth_type": "VerifyClientCertIfGiven",
                "client_ca_file": "CA",
                "client_allowed_sans": ["a"],
            },
            "client_allowed_sans: has no effect on clients that show no certificate, as "
            "VerifyClientCertIfGiven allows",
        ),
        (
            {"client_auth_type": CLIENTS, "client_ca_file": "CA", "client_allowed_sans": []},
            "client_allowed_sans: the list is empty",
        ),
        (
            {"client_auth_type": CLIENTS, "client_ca_file": "web.yaml"},
            "client_ca_file: the file holds no certificate",
        ),
        (
            {"client_auth_type": CLIENTS, "client_ca_file": "nowhere"},
            "client_ca_file: cannot be read: No such file or directory",
        ),
        ({"min_version": "TLS10"}, "min_version: TLS10 is not safe and not supported"),
        (
            {"min_version": "TLS13", "max_version": "TLS12"},
            "max_version: TLS12 is older than min_version TLS13",
        ),
        (
            {"cipher_suites": ["TLS_RSA_WITH_RC4_128_SHA"]},
            'cipher_suites[0]: "TLS_RSA_WITH_RC4_128_SHA" is not a cipher suite that is supported',
        ),
        (
            {"cipher_suites": ["TLS_AES_128_GCM_SHA256"]},
            "cipher_suites: names suites of TLS 1.3 only, which are always on, and none for TLS 1.2",
        ),
        ({"curve_preferences": ["X25519"]}, "curve_preferences: is not supported"),
        ({"cert_file": "nowhere"}, "cert_file: cannot be read: No such file or directory"),
        ({"key_file": "."}, "key_file: cannot be read: Is a directory"),
        ({"cert_file": "web.yaml"}, "cert_file: the file holds no certificate"),
        ({"key_file": "web.yaml"}, "key_file: the file holds no private key"),
        ({"key_file": "CA"}, "key_file: the file holds no private key"),
    ],
)
def test_what_tls_cannot_have_is_refused(
    tmp_path: Path, authority: Authority, certificate: Path, options: dict[str, object], problem: str
) -> None:
    named = {key: str(authority.file) if value == "CA" else value for key, value in options.items()}
    path = written(tmp_path, tls_server_config={**tls(certificate), **named})
    assert mistakes(path) == [f"tls_server_config.{problem}"]


def test_mistakes_in_values_and_in_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate\n")
    section = {
        "cert_file": "missing.crt",
        "key_file": "ca.crt",
        "client_ca_file": "ca.crt",
        "client_auth_type": "Foo",
        "min_version": "TLS10",
    }
    found = [line.partition(": ") for line in mistakes(written(tmp_path, tls_server_config=section))]
    assert sorted((place, problem) for place, _, problem in found) == [
        ("tls_server_config.cert_file", "cannot be read: No such file or directory"),
        ("tls_server_config.client_auth_type", '"Foo" is not known here'),
        ("tls_server_config.client_ca_file", "the file holds no certificate"),
        ("tls_server_config.min_version", "TLS10 is not safe and not supported"),
    ]


def test_a_key_and_a_certificate_that_are_neither_are_both_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("nothing\n")
    found = mistakes(written(tmp_path, tls_server_config={"cert_file": "a", "key_file": "a"}))
    assert [line.partition(": ")[0] for line in found] == [
        "tls_server_config.cert_file",
        "tls_server_config.key_file",
    ]


def test_what_is_offered_for_an_unknown_key_is_supported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written(tmp_path, quite_another={}), {})
    assert str(caught.value).endswith("known here: tls_server_config, http_server_config, basic_auth_users")


def test_a_key_of_another_certificate_is_told(
    tmp_path: Path, authority: Authority, certificate: Path
) -> None:
    section = {**tls(certificate), "key_file": str(authority.issue("other"))}
    assert mistakes(written(tmp_path, tls_server_config=section)) == [
        "tls_server_config.key_file: is not the key of the certificate in cert_file"
    ]


def test_a_key_that_openssl_finds_too_short_is_told(tmp_path: Path, authority: Authority) -> None:
    weak = authority.issue("localhost", key=rsa.generate_private_key(65537, 1024))
    assert mistakes(written(tmp_path, tls_server_config=tls(weak))) == [
        "tls_server_config.cert_file: cannot be used: ee key too small"
    ]


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "EC PRIVATE KEY"])
def test_a_key_that_was_cut_short_is_told(tmp_path: Path, certificate: Path, kind: str) -> None:
    key = tmp_path / "short.key"
    key.write_text(f"-----BEGIN {kind}-----\nMIGHAgEAMBMG\n-----END {kind}-----\n")
    section = {**tls(certificate), "key_file": str(key)}
    assert mistakes(written(tmp_path, tls_server_config=section)) == [
        "tls_server_config.key_file: the file holds no private key"
    ]


def test_an_encrypted_key_is_told_and_no_password_is_asked_for(tmp_path: Path, certificate: Path) -> None:
    key = tmp_path / "encrypted.key"
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    section = {**tls(certificate), "key_file": str(key)}
    assert mistakes(written(tmp_path, tls_server_config=section)) == [
        "tls_server_config.key_file: the key is encrypted"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", ": is not a mapping"),
        ("plain", ": is not a mapping"),
        ("tls_server_config:", "tls_server_config: has no value"),
        ("http_server_config: 1", "http_server_config: is not a mapping"),
        ("basic_auth_users:", "basic_auth_users: has no value"),
        ("basic_auth_users: [a]", "basic_auth_users: is not a mapping"),
        ("basic_auth_users: {a: [b]}", "basic_auth_users.a: is not a password's hash"),
        ("basic_auth_users: {a: }", "basic_auth_users.a: is no hash of bcrypt ($2a, $2b or $2y)"),
        (f"basic_auth_users: {{a: {HASH}x}}", "basic_auth_users.a: is no hash of bcrypt ($2a, $2b or $2y)"),
        (
            f"basic_auth_users: {{a: {HASH.replace('$04$', '$17$')}}}",
            "basic_auth_users.a: a hash of cost 17 takes too long to check",
        ),
        ("http_server_config: {headers: {X-Frame-Options: DENY}}", "X-Frame-Options: "),
        ('http_server_config: {headers: {Content-Security-Policy: "ä"}}', "Content-Security-Policy: "),
        ('http_server_config: {headers: {Content-Security-Policy: "a\\nb"}}', "Content-Security-Policy: "),
        ("http_server_config: {headers: {Set-Cookie: a}}", "headers.Set-Cookie: unknown key"),
        ("http_server_config: {http_two: true}", "http_server_config.http_two: unknown key"),
        ("a: [b: c", ": a `[` that is not closed"),
    ],
)
def test_what_the_rest_cannot_have_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(text)
    [found] = mistakes(path)
    assert problem in found


@pytest.mark.parametrize(
    "text",
    [
        f"basic_auth_users: {{prometheus:{HASH}: a}}",
        f"basic_auth_users: {{'{HASH}': a}}",
        f"basic_auth_users: {{'prometheus:': {HASH}}}",
        f"basic_auth_users: {{'': {HASH}}}",
        f"basic_auth_users:\n  prometheus: {HASH}\n  prometheus: {HASH}\n",
        f"basic_auth_users: {{prometheus: {HASH} }}x",
        f"basic_auth_users: {HASH}",
        f"basic_auth_users: [{HASH}]",
        f"{HASH}: 1",
        f"http_server_config: {{headers: {{{HASH}: 1}}}}",
    ],
)
def test_no_message_repeats_a_hash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(path, {})
    assert HASH[-20:] not in json.dumps(str(caught.value))
    assert caught.value.__context__ is None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "web.yaml") == [": cannot be read: No such file or directory"]


def test_messages_are_one_line_each(tmp_path: Path, certificate: Path) -> None:
    path = written(tmp_path, tls_server_config=tls(certificate, key="a\nb", cipher_suites=["a\nb"]))
    assert not any(re.search(r"\n", found) for found in mistakes(path))


EXAMPLE = Path(__file__).parents[2] / "web.example.yaml"


def test_the_example_is_good_once_there_are_certificates(tmp_path: Path, authority: Authority) -> None:
    certificate = authority.issue("localhost").read_bytes()
    for name in ("exporter.crt", "exporter.key", "clients-ca.crt"):
        (tmp_path / name).write_bytes(certificate)
    path = tmp_path / "web.yaml"
    path.write_bytes(EXAMPLE.read_bytes())
    found = read(path, {})
    assert found.tls is not None
    assert (list(found.users), list(found.headers)) == (
        ["prometheus"],
        ["X-Frame-Options", "X-Content-Type-Options"],
    )


def test_the_example_shows_every_option() -> None:
    text = EXAMPLE.read_text()
    shown = set(re.findall(r"^ *#?([A-Za-z0-9_-]+):(?= |$)", text, re.MULTILINE))
    sections = {"tls_server_config", "http_server_config", "basic_auth_users", "headers", "prometheus"}
    assert shown == {*sections, *fields_of(TlsSettings), *fields_of(Http), *fields_of(Headers)}
