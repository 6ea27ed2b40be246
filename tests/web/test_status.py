import base64
import hashlib
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exporter import __version__
from exporter.apis import APIS
from exporter.errors import Reason, SourceError
from exporter.instruments import Instruments
from exporter.source import WalkReport
from exporter.web import status
from exporter.web.page import HEADERS, ago, exact, page
from exporter.web.status import Status, Tone, Trouble
from tests.web.served import NAMES, START, served

VOID = {"meta", "link", "br", "img", "hr", "input", "rect"}


class Page(HTMLParser):
    """A page read strictly: every tag is closed, in order, and stands where it may."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[str] = []
        self.articles: dict[str, str] = {}
        self.titles: list[str] = []
        self._article = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.seen.append(tag)
        self.attributes += list(named)
        if tag == "a":
            self.links.append(named["href"] or "")
        if tag == "article":
            self._article = (named["id"] or "").removeprefix("source-")
            self.articles[self._article] = ""
        if tag == "time":
            self.titles.append(named["title"] or "")
        if tag in {"dd", "dt"}:
            assert self.open[-1] == "dl"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "article" in self.open:
            self.articles[self._article] += data

    def words(self, name: str) -> str:
        """Return the text of a source's card, blanks brought together."""
        return " ".join(self.articles[name].split())


def shown(*statuses: Status, telemetry_path: str = "/metrics", reload_failed: bool = False) -> str:
    return page(statuses, telemetry_path, ["/sd", "/config"], START, reload_failed=reload_failed)


OCTOPUS = Status(name="octopus", api="octopus_system_jobs", place="cn-north-11")


async def test_it_is_a_whole_page_and_names_the_version(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.text.startswith("<!doctype html>\n<html lang=")
    found = Page(response.text)
    assert found.seen[:2] == ["html", "head"]
    assert found.seen.count("title") == found.seen.count("h1") == 1
    assert f"<small>{__version__}</small>" in response.text


@pytest.mark.parametrize("path", ["/metrics", "/all/of/it"])
async def test_every_link_works(tmp_path: Path, path: str) -> None:
    async with served(tmp_path, telemetry_path=path) as exporter:
        links = Page((await exporter.http.get("/")).text).links
        statuses = {link: (await exporter.http.get(link)).status_code for link in links}
    metrics = path[1:]
    each = [link for name in NAMES for link in (f"{metrics}?source={name}", f"probe?target={name}")]
    assert statuses == dict.fromkeys([metrics, "sd", "-/healthy", "-/ready", *each], 200)


def test_pages_that_are_there_are_linked_and_no_others() -> None:
    links = Page(shown()).links
    assert links == ["metrics", "sd", "config"]


async def test_it_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/metrics")
        response = await exporter.http.get("/")
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", response.text)
    assert "src" not in Page(response.text).attributes


async def test_only_its_own_style_and_script_may_run(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    found = Page(response.text)
    assert not [name for name in found.attributes if name == "style" or name.startswith("on")]


async def test_before_the_first_scrape_nothing_is_claimed(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        text = (await exporter.http.get("/")).text
    found = Page(text)
    assert list(found.articles) == list(NAMES)
    assert found.words("pai-vision") == (
        "pai-visionnot asked yet pai_dataset_jobs · cn-hangzhou Last scrapenone yet Metrics Scrape it now"
    )
    assert "4 sources: " in text


async def test_after_a_scrape_it_tells_how_each_source_was(tmp_path: Path) -> None:
    faults = ["octopus_system_jobs:http-403", "dataarts_jobs:wrong-total=3"]
    async with served(tmp_path, faults=faults) as exporter:
        await exporter.http.get("/metrics")
        before = exporter.clouds.by_api.total()
        text = (await exporter.http.get("/")).text
        assert exporter.clouds.by_api.total() == before
    found = Page(text)
    for name, state in zip(NAMES, ("ok", "failed: permission", "ok", "incomplete"), strict=True):
        assert found.words(name).startswith(f"{name}{state} ")
    assert re.search(
        r"Jobs \d+ \w.* Data of\w.* Listed[1-9]\d* Last scrape.* took \d+\.\d\d s, \d+ requests ",
        found.words("pai-vision"),
    )
    assert re.search(
        r"Waiting in queues \d+ in INTERNAL\d+ in PROCESSOR\d+ in RESIM", found.words("octopus-queue")
    )
    assert "Last runs" in found.words("dataarts")
    assert "2030-03-17T17:46:40Z" in found.titles
    failed = found.words("octopus")
    assert Reason.PERMISSION.meaning in failed
    assert "workspace 0: GET /v1.0/" in failed
    assert "403 octopus.400003" in failed
    assert APIS["octopus_system_jobs"].cures[Reason.PERMISSION] in failed
    assert "There are no numbers yet." in failed
    assert re.search(r"workspace [\w-]+, BATCH: \d+ of \d+ listed", found.words("dataarts"))


async def test_a_failure_keeps_the_numbers_that_are_still_shown_and_their_age(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/probe?target=octopus")
        exporter.faults.add("octopus_system_jobs:http-403")
        await exporter.http.get("/probe?target=octopus")
        found = Page((await exporter.http.get("/")).text)
    words = found.words("octopus")
    assert words.startswith("octopusfailed: permission ")
    assert "Until they are 5m old, the last complete numbers are given to Prometheus." in words
    assert re.search(r"Jobs \d+ .* Listed[1-9]", words)
    assert found.titles[1:] == ["2030-03-17T17:46:40Z"]


async def test_numbers_that_are_too_old_are_not_shown_but_their_time_is(tmp_path: Path) -> None:
    async with served(tmp_path, max_staleness=0.0) as exporter:
        await exporter.http.get("/probe?target=octopus")
        exporter.faults.add("octopus_system_jobs:http-403")
        await exporter.http.get("/probe?target=octopus")
        words = Page((await exporter.http.get("/")).text).words("octopus")
    assert "The last complete numbers are older than 0s: Prometheus is given none." in words
    assert "Data of" in words
    assert "Listed" not in words


async def test_a_source_that_was_replaced_has_not_been_asked_yet(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/metrics")
        async with served(tmp_path) as other:
            exporter.scraper.install(other.scraper.standbys.values())
            states = {one.name: one.state for one in status.statuses(exporter.scraper)}
            assert states == dict.fromkeys(NAMES, "not asked yet")


async def test_of_many_lists_that_do_not_agree_the_first_few_are_named(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/probe?target=octopus")
        standby = exporter.scraper.standbys["octopus"]
        assert standby.last is not None
        assert standby.last.snapshot is not None
        walks = tuple(WalkReport(name=f"list {n}", listed=1, reported=2, pages=1) for n in range(10))
        standby.outcome = replace(standby.last.snapshot, complete=False, walks=walks)
        found = status.status(standby)
        assert found.trouble is not None
        assert [*found.trouble.found[:1], *found.trouble.found[7:]] == [
            "list 0: 1 of 2 listed",
            "list 7: 1 of 2 listed",
            "and 2 more",
        ]
        standby.outcome = replace(standby.last.snapshot, complete=False, walks=())
        found = status.status(standby)
        assert found.trouble is not None
        assert found.trouble.found == ["Two of its lists have jobs in common."]


async def test_a_failure_has_its_reason_and_what_the_cloud_tells_to_do(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        standby = exporter.scraper.standbys["dataarts"]
        standby.outcome = SourceError(Reason.AUTHENTICATION, "m; check it", fact="m", hint="check it")
        found = status.status(standby)
    assert (found.state, found.tone) == ("failed: authentication", Tone.BAD)
    assert found.trouble is not None
    assert found.trouble.found == ("m",)
    assert found.trouble.cures == ("Check it.", Reason.AUTHENTICATION.cure)


async def test_the_age_is_right_where_our_clock_is_not(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/metrics")
        standby = exporter.scraper.standbys["octopus"]
        assert abs(time.time() - START) > 86_400
        found = status.status(standby)
    assert found.age is not None
    assert 0 <= found.age < 60


def test_those_that_are_not_well_are_named_at_the_top() -> None:
    bad = replace(OCTOPUS, state="failed: tls", tone=Tone.BAD)
    text = shown(replace(OCTOPUS, name="first", tone=Tone.GOOD, state="ok"), bad)
    assert '2 sources: <span class="good">1 ok</span>, <span class="bad">1 failed</span>' in text
    assert '(<a href="#source-octopus">octopus</a>)' in text
    assert text.count('id="source-octopus"') == 1
    assert '1 source: <span class="neutral">1 not asked yet</span></p>' in shown(OCTOPUS)


def test_a_bar_has_a_part_for_each_phase_that_fills_it() -> None:
    text = shown(replace(OCTOPUS, jobs=(("running", 1), ("succeeded", 2), ("failed", 1))))
    bar = text.partition('<svg class="bar"')[2].partition("</svg>")[0]
    parts = re.findall(r'class="(\w+)" x="([\d.]+)" width="([\d.]+)"', bar)
    assert parts == [
        ("running", "0.00", "25.00"),
        ("succeeded", "25.00", "50.00"),
        ("failed", "75.00", "25.00"),
    ]


def test_a_configuration_that_could_not_be_read_again_is_told() -> None:
    instruments = Instruments()
    assert "has mistakes" not in shown(reload_failed=instruments.reload_has_failed)
    instruments.reload_failed()
    assert "has mistakes" in shown(reload_failed=instruments.reload_has_failed)
    instruments.reloaded()
    assert "has mistakes" not in shown(reload_failed=instruments.reload_has_failed)


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", '" onload="x', "a & b", "{version}", "排队"])
def test_whatever_others_wrote_is_shown_as_text(odd: str) -> None:
    trouble = Trouble(meaning=odd, found=(odd,), cures=(odd,), meanwhile=odd)
    one = Status(name=odd, api=odd, place=odd, state=odd, trouble=trouble, queues=((odd, 1),), tone=Tone.BAD)
    found = Page(shown(one, telemetry_path=f"/{odd}"))
    assert found.seen.count("script") == 1
    assert not [name for name in found.attributes if name.startswith("on")]
    [words] = found.articles.values()
    assert words.count(odd) == 9
    assert odd in found.links


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "just now"),
        (1.9, "just now"),
        (2, "2 s ago"),
        (119.9, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 days ago"),
    ],
)
def test_an_age_is_told_as_people_do(seconds: float, expected: str) -> None:
    assert ago(seconds) == expected


def test_a_moment_is_told_to_the_second() -> None:
    assert exact(START + 0.9) == "2030-03-17T17:46:40Z"


def test_no_header_has_a_line_end() -> None:
    assert not [value for value in HEADERS.values() if "\n" in value]
