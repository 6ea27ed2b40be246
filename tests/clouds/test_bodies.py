"""What is read out of an error's body, and what never is."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clouds.bodies import LONGEST_CODE, LONGEST_TEXT, ErrorBody, read_error
from exporter.clouds.masking import MASK

JSON = "application/json"
NOTHING = ErrorBody()


def read(document: object) -> ErrorBody:
    return read_error(json.dumps(document).encode(), JSON)


TOLD = ErrorBody(code="DLF.3051", message="The request parameter is invalid.", request_id="r-1")


@pytest.mark.parametrize(
    "document",
    [
        {"error_code": TOLD.code, "error_msg": TOLD.message, "request_id": "r-1"},
        {"errorCode": TOLD.code, "errorMsg": TOLD.message, "requestId": "r-1"},
        {"code": TOLD.code, "message": TOLD.message, "request_id": "r-1"},
        {"Code": TOLD.code, "Message": TOLD.message, "RequestId": "r-1", "HostId": "h", "Recommend": "u"},
        {"error": {"code": TOLD.code, "message": TOLD.message, "title": "Bad Request"}, "requestId": "r-1"},
        {"RequestId": "r-1", "data": {"inner": {"errorCode": TOLD.code, "errorMsg": TOLD.message}}},
        {"request_id": "r-1", "errors": [{"error_code": TOLD.code, "error_msg": TOLD.message}]},
        [{"error_code": TOLD.code, "error_msg": TOLD.message, "request_id": "r-1"}],
        {"code": 500, "payload": {"error_code": TOLD.code, "error_msg": TOLD.message}, "request_id": "r-1"},
    ],
)
def test_reads_every_shape_of_json_that_the_clouds_send(document: object) -> None:
    assert read(document) == TOLD


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {
                "error": {
                    "code": 401,
                    "message": "The username or password is wrong.",
                    "title": "Unauthorized",
                }
            },
            ErrorBody(code="401", message="The username or password is wrong."),
        ),
        ({"error": "Not Found", "status": 404, "path": "/x"}, ErrorBody(message="Not Found")),
        ({"code": "X.1"}, ErrorBody(code="X.1")),
        ({"message": "only words"}, ErrorBody(message="only words")),
        ({"code": None, "message": ["a"], "error_msg": "", "Code": True}, NOTHING),
        ({}, NOTHING),
        ([], NOTHING),
        ([1, "a", None], NOTHING),
        ({"a": {"b": {"c": {"d": {"code": "X.1"}}}}}, ErrorBody(code="X.1")),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"code": "X.1"}}}}}}}}, NOTHING),
        ({"request_id": "no id, but a sentence"}, NOTHING),
        ({"request_id": "aB3" * 20}, NOTHING),
    ],
)
def test_reads_what_other_json_tells(document: object, expected: ErrorBody) -> None:
    assert read(document) == expected


XML = (
    "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>8F2C-1</RequestId><HostId>h</HostId>"
    "<Code>Forbidden.RAM</Code><Message>User not authorized &lt;to&gt; operate</Message></Error>"
)


def test_reads_xml_also_where_it_is_called_json_or_was_cut_off() -> None:
    told = ErrorBody(code="Forbidden.RAM", message="User not authorized <to> operate", request_id="8F2C-1")
    assert read_error(XML.encode(), "text/xml;charset=utf-8") == told
    assert read_error(XML.encode(), JSON) == told
    cut = read_error(XML[: XML.index("authorized")].encode(), "text/xml")
    assert cut == ErrorBody(code="Forbidden.RAM", message="User not", request_id="8F2C-1")


def test_reads_xml_with_prefixes_attributes_and_character_data() -> None:
    body = '<e:Error xmlns:e="x"><e:Code a="b"><![CDATA[X.1]]></e:Code>\n<e:Message>\n no\n way </e:Message>'
    assert read_error(body.encode(), "text/xml") == ErrorBody(code="X.1", message="no way")


def test_expands_no_entity_that_a_document_defines() -> None:
    bomb = (
        '<!DOCTYPE Error [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
        '<!ENTITY file SYSTEM "file:///etc/passwd">]><Error><Code>X.1</Code><Message>&b;&file;</Message></Error>'
    )
    assert read_error(bomb.encode(), "text/xml") == ErrorBody(code="X.1", message="&b;&file;")


def test_shows_of_html_the_title_alone() -> None:
    page = "<!DOCTYPE html>\n<html><title>\r\n502 Bad &amp; Gateway</title><body>secret?</body></html>"
    assert read_error(page.encode(), "text/html") == ErrorBody(message="502 Bad & Gateway")
    assert read_error(page.encode(), JSON) == ErrorBody(message="502 Bad & Gateway")
    assert read_error(b"<html><body>no title</body></html>", "text/html") == NOTHING
    assert read_error(b"<h1>no html tag</h1>", "text/html; charset=utf-8") == NOTHING


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", NOTHING),
        (b" \r\n ", NOTHING),
        (
            b"upstream\r\n connect\x00\x1b[31m error\xe2\x80\xae",
            ErrorBody(message="upstream connect [31m error"),
        ),
        (b"\xff\xfebroken", ErrorBody(message="\ufffd\ufffdbroken")),
        (b'\xef\xbb\xbf{"code":"X.1"}', ErrorBody(code="X.1")),
        (b'"a text"', ErrorBody(message='"a text"')),
        (b"null", ErrorBody(message="null")),
        (b"[error] not json", ErrorBody(message="[error] not json")),
        (b"{not json", ErrorBody(message="{not json")),
        (
            b'{"error_code":"APIG.0301","error_msg":"decrypt to',
            ErrorBody(code="APIG.0301", message="decrypt to"),
        ),
        (
            b'{"error_code":"APIG.0301","error_msg":"a \\"b\\" \\u00',
            ErrorBody(code="APIG.0301", message='a "b"'),
        ),
        (b'{"message": "bad \\x escape", "code": ', ErrorBody(message="bad \\x escape")),
        (b'{"code": 401, "message": "x", "more": [', ErrorBody(code="401", message="x")),
    ],
)
def test_reads_what_is_left_of_a_broken_body(body: bytes, expected: ErrorBody) -> None:
    assert read_error(body, JSON) == expected


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 12_000, b"<a " * 20_000, b'"a' * 30_000])
def test_huge_nesting_is_a_body_like_any_other(body: bytes) -> None:
    assert len(read_error(body, JSON).message or "") <= LONGEST_TEXT


def test_only_so_many_values_are_looked_at() -> None:
    assert read([[[{"code": "X.1"}]], *range(400)]) == ErrorBody(code="X.1")
    assert read([[[{"code": "X.1"}]], *range(600)]) == NOTHING
    assert read([[{"code": "X.1"}] * 700, *range(600)]) == NOTHING


def test_numbers_beyond_reason_are_no_number() -> None:
    assert read_error(b'{"code": ' + b"9" * 5000 + b', "message": "x"}', JSON).message == "x"


def test_long_texts_are_cut() -> None:
    told = read({"code": "word " * 50, "message": "word " * 500})
    assert (len(told.code or ""), len(told.message or "")) == (LONGEST_CODE, LONGEST_TEXT)
    assert (told.message or "").endswith("…")


TOKEN = "CAISuwJ1q6Ft5B2yfSjIr5bDE4rSj7pH8KiMbHDplXgUdd1Zl/jM0Dz2IHpLfHRrCeAYs/cznGxT6vYelKZtTI9=="
SIGNATURE = "16a4a937942153a71ca11d2c24ddf7cad61ac0190ce7bfae136bbff90b3dae2e"
SECRET_KEY = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
ECHOES = [
    f"Specified signature is not matched. server string to sign is:ACS3-HMAC-SHA256\n{SIGNATURE}",
    f"server string to sign is GET\n/\nx-acs-security-token:{TOKEN}\nx-acs-version:2021-02-04",
    f"X-Auth-Token: {TOKEN} is invalid",
    f"X-Auth-Token = '{TOKEN}'",
    "bad header x-auth-token: short",
    "bad header X-Subject-Token:short",
    "bad header x-acs-security-token:short",
    "Authorization: SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=short",
    f"got Signature={SIGNATURE} want another",
    f"got Signature={SIGNATURE[:28]} want another",
    f"Bearer {TOKEN[:20]}",
    f"the key {SECRET_KEY} is wrong",
    '{"auth": {"password": "short"}}',
    '{\\"auth\\": {\\"password\\": \\"short\\"}}',
    "password=short",
    "secret_key: short",
    "AccessKeySecret=short",
    "Cookie: a=short; b=short",
    f"token {TOKEN} and {TOKEN}",
    f"cannot read {'short-0' * 20}",
    f"security_token={TOKEN.replace('/', '%2F').replace('=', '%3D')}&a=b",
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("shape", ["json", "text", "html", "xml", "cut"])
def test_a_secret_that_the_server_sends_back_is_masked(echo: str, shape: str) -> None:
    whole = json.dumps({"code": "SignatureDoesNotMatch", "message": echo})
    bodies = {
        "json": whole,
        "text": echo,
        "html": f"<html><title>{echo}</title></html>",
        "xml": f"<Error><Code>X</Code><Message>{echo}</Message></Error>",
        "cut": whole.removesuffix('"}'),
    }
    told = str(read_error(bodies[shape].encode(), ""))
    assert not [
        planted for planted in (TOKEN[:20], SIGNATURE[:20], SECRET_KEY[:20], "short") if planted in told
    ]
    assert MASK in told or told == str(NOTHING)


def test_a_secret_beyond_the_cut_does_not_show_its_head() -> None:
    told = read({"message": "x " * 95 + TOKEN}).message or ""
    assert TOKEN[:4] not in told


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect IAM authentication information: decrypt token fail",
        "Get secretKey failed,err:ak not exist",
        "verify aksk signature fail",
        "Specified access key is not found: LTAI5tEXAMPLEKEYID00",
        "AK HWEXAMPLEAK000000001 access failed to reach the limit,forbidden",
        "project ff6b627b9d7b45b48f773be511c1a2b8 has no workspace 1dd3bc00000000000000000000d93f0a",
        "see request 7B9EFA4F-4305-5968-BAEE-BD8B8DE5D3D5",
        "Invalid token: it has expired",
        "GET /v1/ff6b627b9d7b45b48f773be511c1a2b8/jobs/instances/detail is not there",
        "policy user over ratelimit,limit:5,time:1 second",
    ],
)
def test_ids_and_plain_sentences_stay_readable(text: str) -> None:
    assert read({"message": text}).message == text


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["code", "Code", "error_code", "message", "errorMsg", "error", "request_id", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BODIES = (
    st.binary(max_size=300)
    | st.text(string.printable + "\u2028é", max_size=300).map(str.encode)
    | DOCUMENTS.map(lambda document: json.dumps(document).encode())
    | st.tuples(DOCUMENTS, st.integers(1, 20)).map(lambda pair: json.dumps(pair[0]).encode()[: -pair[1]])
    | st.lists(
        st.sampled_from(
            ["<Error>", "<Code>", "</", "<![CDATA[", "]]>", "&#x110000;", "&amp;", "<html>", "<title>", "x"]
        ),
        max_size=12,
    ).map(lambda parts: "".join(parts).encode())
)


@settings(max_examples=1500, deadline=None)
@given(body=BODIES, content_type=st.sampled_from([JSON, "text/html", "text/xml", ""]) | st.text(max_size=10))
def test_any_body_is_read_and_stays_within_bounds(body: bytes, content_type: str) -> None:
    told = read_error(body, content_type)
    for text, limit in ((told.code, LONGEST_CODE), (told.message, LONGEST_TEXT), (told.request_id, 128)):
        assert text is None or (0 < len(text) <= limit and text.isprintable() and text == text.strip())
