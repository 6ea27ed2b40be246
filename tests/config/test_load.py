"""What a configuration says, and how a file's texts become it."""

import os
from pathlib import Path

import pytest

from exporter.config import Config, ConfigError, Settings, Source, load
from exporter.credentials import AlibabaKeys, FixedSecret, HuaweiKeys, HuaweiPassword, Secret, SecretFile
from tests.config.fakes import ENVIRON, HERE, KINDS, Factory, Vision, mistakes, one_source, read

ONE_ALIAS_TOO_FEW = 9


def good(name: str) -> Config:
    return load(HERE / f"{name}.good.yaml", KINDS, ENVIRON)


def test_every_option_is_read() -> None:
    vision, discovered, factory = good("every-option").sources
    assert vision == Source(
        name="vision",
        api="vision_jobs",
        cloud="alibaba",
        region="cn-hangzhou",
        endpoint="http://127.0.0.1:9789",
        ca_file=HERE / "ca.pem",
        credentials_name="alibaba-prod",
        credentials=AlibabaKeys(
            access_key_id=FixedSecret(Secret("id-from-environment")),
            access_key_secret=SecretFile(HERE / "secrets/alibaba"),
            security_token=FixedSecret(Secret("a-token")),
        ),
        timeout=20,
        min_interval=15,
        max_staleness=5400,
        lookback=0.5,
        longest_job=86400,
        concurrency=4,
        requests_per_second=2.5,
        max_series=5000,
        per_job=25,
        options=Vision(
            workspace_id="145883", datasets=("d-abc", "d-def"), discovery_interval=60, with_logs=True
        ),
    )
    assert discovered.options == Vision(workspace_id="145883", datasets="discover")
    assert factory.options == Factory(project_id="0a1b", workspaces=("ws1", "ws2"))
    assert factory.credentials == HuaweiPassword(
        username="metrics",
        password=SecretFile(HERE / "secrets/huawei"),
        domain="acme",
        iam_endpoint="https://iam.example.com:8443",
    )


def test_what_is_left_out_has_the_documented_default() -> None:
    (source,) = good("least").sources
    defaults = Settings(
        timeout=10,
        min_interval=0,
        max_staleness=300,
        lookback=3600,
        longest_job=86400,
        concurrency=16,
        requests_per_second=20,
        max_series=2000,
        per_job=0,
    )
    assert {name: getattr(source, name) for name in Settings.__struct_fields__} == {
        name: getattr(defaults, name) for name in Settings.__struct_fields__
    }
    assert (source.endpoint, source.ca_file) == (None, None)
    assert source.options == Factory(project_id="p1", workspaces=None, job_types=("BATCH", "REAL_TIME"))


def test_a_source_overrides_defaults_and_other_sources_keep_them(tmp_path: Path) -> None:
    text = "defaults: {timeout: 3s, lookback: 2h}\n" + one_source(timeout="4s")
    (source,) = read(tmp_path, text).sources
    assert (source.timeout, source.lookback, source.longest_job) == (4, 7200, 86400)


def test_ids_keep_their_text_however_they_are_written() -> None:
    first, second = good("spellings").sources
    assert first.options == Factory(project_id="145883", workspaces=("0", "0123", "1e5", "-5"))
    assert first.credentials == HuaweiKeys(
        access_key=FixedSecret(Secret("12345")), secret_key=FixedSecret(Secret("it's"))
    )
    assert (first.name, first.timeout, first.min_interval, first.max_staleness) == ("on_call", 10, 0, 691_200)
    assert (second.name, second.region, second.ca_file) == ("2", "cn-north-4", None)


def test_values_of_the_environment_become_what_the_option_is() -> None:
    second = good("spellings").sources[1]
    assert second.options == Factory(project_id="0987")
    assert (second.concurrency, second.requests_per_second, second.timeout) == (5, 5.0, 300)


def test_a_value_of_the_environment_never_changes_the_structure(tmp_path: Path) -> None:
    text = one_source().replace("secret_key: s", "secret_key: ${HOSTILE}")
    (mistake,) = mistakes(tmp_path, text)
    assert (
        mistake.path == "credentials.keys.secret_key"
    )  # refused for its line end, and nothing else happened
    hostile = {"HOSTILE": ENVIRON["HOSTILE"].replace("\n", " ")}
    (source,) = read(tmp_path, text, hostile).sources
    assert source.credentials == HuaweiKeys(
        access_key=FixedSecret(Secret("a")), secret_key=FixedSecret(Secret(hostile["HOSTILE"]))
    )


def test_a_doubled_dollar_stands_for_the_text_itself(tmp_path: Path) -> None:
    text = one_source().replace("secret_key: s", "secret_key: a$${KEY_ID}b${KEY_ID}c$${}$d")
    (source,) = read(tmp_path, text).sources
    assert isinstance(source.credentials, HuaweiKeys)
    assert source.credentials.secret_key.read().reveal() == "a${KEY_ID}bid-from-environmentc${}$d"


def test_variables_in_comments_are_no_mistakes() -> None:
    (source,) = good("comments").sources
    assert isinstance(source.credentials, HuaweiKeys)
    assert source.credentials.secret_key.read().reveal() == "${NOT_SET}"


def test_merged_mappings_give_way_to_what_stands_there_and_to_what_comes_first() -> None:
    sources = good("aliases-and-merges").sources
    assert [(source.name, source.timeout) for source in sources] == [("a", 5), ("b", 6), ("c", 7)]
    other = sources[2].credentials
    assert isinstance(other, HuaweiKeys)
    assert (other.access_key.read().reveal(), other.secret_key.read().reveal()) == ("a", "t")


def test_aliases_cannot_stand_for_more_than_a_file_should_hold(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (mistake,) = mistakes(tmp_path, "\n".join(lines))
    assert mistake.problem == "the file stands for too many values"


def test_an_alias_inside_its_own_anchor_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, "sources: &a [*a]")
    assert (mistake.line, mistake.column) == (1, 14)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_a_mistake(tmp_path: Path, opening: str) -> None:
    (mistake,) = mistakes(tmp_path, opening * 100_000)
    assert mistake.problem == "lists and mappings are nested too deeply"


def test_relative_paths_count_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sk").write_text("s\n")
    (tmp_path / "config.yaml").write_text(one_source().replace("secret_key: s", "secret_key_file: sk"))
    monkeypatch.chdir(tmp_path)
    (source,) = load(Path("config.yaml"), KINDS, {}).sources
    monkeypatch.chdir("/")
    assert isinstance(source.credentials, HuaweiKeys)
    assert source.credentials.secret_key.read().reveal() == "s"


def test_a_byte_that_is_no_utf8_is_told_with_its_place(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, b"sources:\n  - {name: caf\xe9}\n")
    assert (mistake.line, mistake.column, mistake.problem) == (2, 15, "a byte that is no UTF-8")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a: 1\nb: \x00", 2, 4), ("\x07", 1, 1), ('a: "\\UFFFFFFFF"', 1, 7), ('a: [${X}, "b" c]', 1, 15)],
)
def test_text_that_is_no_yaml_is_told_with_its_place(
    tmp_path: Path, text: str, line: int, column: int
) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert (mistake.path, mistake.line, mistake.column) == ("", line, column)


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"nowhere\.yaml: 1 mistake\n  the file: cannot be read: No such file"
    ):
        load(tmp_path / "nowhere.yaml", KINDS, {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, KINDS, {})
    with pytest.raises(ConfigError, match="cannot be read: the path is not valid"):
        load(tmp_path / "\0", KINDS, {})


def test_a_file_beyond_the_bound_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, one_source() + "#" * 1_048_576)
    assert mistake.problem == "holds more than 1048576 bytes"


def test_the_process_environment_serves_where_none_is_handed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAJOBS_TEST_PROJECT", "from-process")
    (tmp_path / "config.yaml").write_text(one_source(project_id="${DATAJOBS_TEST_PROJECT}"))
    (source,) = load(tmp_path / "config.yaml", KINDS).sources
    assert "DATAJOBS_TEST_PROJECT" in os.environ
    assert source.options == Factory(project_id="from-process")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("500ms", 0.5),
        ("30s", 30),
        ("1h30m", 5400),
        ("1y2w3d4h5m6s7ms", 33_019_506.007),
        ("90m", 5400),
        ('"5m"', 300),
    ],
)
def test_durations_have_prometheus_form(tmp_path: Path, text: str, seconds: float) -> None:
    (source,) = read(tmp_path, one_source(lookback=text)).sources
    assert source.lookback == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.COM:8443", "https://example.com:8443"),
        ("http://127.0.0.1:9789", "http://127.0.0.1:9789"),
        ('"http://[2001:db8::1]:80"', "http://[2001:db8::1]:80"),
    ],
)
def test_endpoints_are_scheme_host_and_port(tmp_path: Path, text: str, endpoint: str) -> None:
    (source,) = read(tmp_path, one_source(endpoint=text)).sources
    assert source.endpoint == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "//example.com",
        "https://",
        "https://example.com/",
        "https://example.com?a=b",
        '"https://example.com#a"',
        "https://example.com:99999",
        '"https://example.com:"',
        "https://a@example.com",
        "https://exa mple.com",
        '"https://[::1"',
        "https://-example.com",
        "unix:///run/socket",
    ],
)
def test_anything_else_is_no_endpoint(tmp_path: Path, text: str) -> None:
    (mistake,) = mistakes(tmp_path, one_source(endpoint=text))
    assert mistake.path == "sources[0].endpoint"


@pytest.mark.parametrize("name", ["x" * 300, "secrets", "secrets/alibaba", "nowhere"])
def test_a_file_of_certificates_must_be_one(tmp_path: Path, name: str) -> None:
    (mistake,) = mistakes(tmp_path, one_source(ca_file=str(HERE / name)))
    assert mistake.path == "sources[0].ca_file"


def test_sections_of_another_kind_are_mistakes(tmp_path: Path) -> None:
    text = one_source().replace("huawei, a", "[huawei], a")
    assert [mistake.path for mistake in mistakes(tmp_path, "defaults: 10s\n" + text)] == [
        "defaults",
        "credentials.keys",
    ]
    assert [mistake.path for mistake in mistakes(tmp_path, "credentials: [a]\nsources: a")] == [
        "credentials",
        "sources",
    ]


def test_a_mistake_in_defaults_is_told_once_for_all_sources(tmp_path: Path) -> None:
    text = "defaults: {timeout: soon}\n" + one_source() + "  - {name: two, api: factory_jobs}\n"
    paths = [mistake.path for mistake in mistakes(tmp_path, text)]
    assert paths.count("defaults.timeout") == 1
    assert "sources[0].timeout" not in paths


def test_credentials_with_mistakes_are_not_told_again_at_their_sources(tmp_path: Path) -> None:
    text = one_source().replace("secret_key: s", "secret_key: ${NOT_SET}")
    assert [mistake.path for mistake in mistakes(tmp_path, text)] == ["credentials.keys.secret_key"]
