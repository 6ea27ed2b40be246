import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exporter import __version__
from exporter.errors import Reason
from exporter.web.landing import Status, landing
from tests.web.served import NAMES, served

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """A page read strictly: every tag is closed, in order, and stands where it may."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.seen: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            assert self.open[-1] == "tr"
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


async def test_it_is_a_whole_page_and_names_the_version(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>\n<html lang=")
    page = Page(response.text)
    assert page.seen[:2] == ["html", "head"]
    assert page.seen.count("title") == page.seen.count("h1") == 1
    assert f"Version {__version__}." in response.text


async def test_every_link_works(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        links = Page((await exporter.http.get("/")).text).links
        statuses = {link: (await exporter.http.get(link)).status_code for link in links}
    probes = [f"/probe?target={name}" for name in NAMES]
    assert statuses == dict.fromkeys(["/metrics", "/sd", "/-/healthy", "/-/ready", *probes], 200)


async def test_it_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        text = (await exporter.http.get("/")).text
    assert "//" not in re.sub(r"<!--.*?-->", "", text)
    assert "<script" not in text


async def test_before_the_first_scrape_nothing_is_claimed(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        rows = Page((await exporter.http.get("/")).text).rows
    assert rows[0] == ["Source", "State", "Listed", "As of (UTC)", "API", "Region"]
    assert rows[1] == ["pai-vision", "not asked yet", "", "", "pai_dataset_jobs", "cn-hangzhou"]
    assert [row[0] for row in rows[1:]] == list(NAMES)


async def test_after_a_scrape_it_tells_how_each_source_was(tmp_path: Path) -> None:
    faults = ["octopus_system_jobs:http-403", "dataarts_jobs:wrong-total=3"]
    async with served(tmp_path, faults=faults) as exporter:
        await exporter.http.get("/metrics")
        before = exporter.clouds.by_api.total()
        text = (await exporter.http.get("/")).text
        assert exporter.clouds.by_api.total() == before
    state = {row[0]: row[1:4] for row in Page(text).rows[1:]}
    assert state["pai-vision"][0] == "ok"
    assert int(state["pai-vision"][1]) > 0
    assert state["pai-vision"][2] == "2030-03-17 17:46:40"
    assert state["octopus"] == ["failed: permission", "", ""]
    assert state["dataarts"][0] == "incomplete"
    assert Reason.PERMISSION.cure in text
    assert "octopus.400003" in text


async def test_a_failure_keeps_the_age_of_the_numbers_that_are_still_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/probe?target=octopus")
        exporter.faults.add("octopus_system_jobs:http-403")
        await exporter.http.get("/probe?target=octopus")
        rows = {row[0]: row[1:4] for row in Page((await exporter.http.get("/")).text).rows}
    assert rows["octopus"][0] == "failed: permission"
    assert int(rows["octopus"][1]) > 0
    assert rows["octopus"][2] == "2030-03-17 17:46:40"


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", '" onload="x', "a & b", "{version}", "排队"])
async def test_whatever_others_wrote_is_shown_as_text(tmp_path: Path, odd: str) -> None:
    status = Status(state=odd, message=odd, cure=odd)
    async with served(tmp_path, region=odd) as exporter:
        text = landing(exporter.scraper, {"octopus": status}, odd)
    page = Page(text)
    assert "script" not in page.seen
    assert page.rows[2][1] == page.rows[2][5] == odd
    assert odd in page.links
