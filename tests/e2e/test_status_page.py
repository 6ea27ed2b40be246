"""The status page in a real Chromium."""

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from exporter.apis import APIS
from exporter.errors import Reason
from tests.browser import Tab, chromium, tab
from tests.cli.running import NAMES, config_file, running

FAULTS = ("--fault=octopus_system_jobs:http-403", "--fault=dataarts_jobs:wrong-total=3")
TEXT = "document.body.innerText"
ARTICLES = "[...document.querySelectorAll('article')].map(one => one.innerText)"
NOW = "document.dispatchEvent(new Event('visibilitychange'))"
CONTRAST = """(() => {
  const light = text => {
    const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(
      one => one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (; one; one = one.parentElement) {
      const found = getComputedStyle(one).backgroundColor;
      if (!found.startsWith("rgba")) return light(found);
    }
    throw new Error("no ground");
  };
  const written = [...document.querySelectorAll("body *")].filter(one =>
    !one.closest("script, style, svg, [hidden]") && [...one.childNodes].some(
      node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return Math.min(...written.map(one => {
    const [dark, bright] = [light(getComputedStyle(one).color), ground(one)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  }));
})()"""
"""The least contrast of a text to what it stands on, as WCAG reckons it."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A tab for tests that are not async."""

    tab: Tab
    portal: BlockingPortal

    def do(self, what: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        """Do something with the tab and return what comes of it."""
        return self.portal.call(what, *arguments)

    def look(self, **how: Any) -> None:
        """Take another size of window, and another taste."""
        self.portal.call(lambda: self.tab.look(**how))

    def value(self, expression: str) -> Any:
        """Return what a script says."""
        return self.do(self.tab.value, expression)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of a demo in which one source fails and another is incomplete."""
    with running("demo", "--web.listen-address=127.0.0.1:0", "--jobs=60", *FAULTS) as command:
        address = command.out.wait_for("status page").split()[-1]
        command.out.wait_for("Ctrl-C")
        yield address


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser."""
    with (
        chromium(tmp_path_factory.mktemp("chromium")) as port,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(tab(port)) as found,
    ):
        yield Browser(found, portal)


@pytest.fixture
def browser(window: Browser) -> Browser:
    """The browser, as if it had just been opened."""
    window.look()
    window.tab.complaints.clear()
    window.tab.requested.clear()
    return window


def test_it_tells_how_each_source_is_without_a_complaint(browser: Browser, demo: str) -> None:
    browser.do(browser.tab.open, demo)
    cards = dict(zip(NAMES, browser.value(ARTICLES), strict=True))
    assert [card.splitlines()[0] for card in cards.values()] == list(NAMES)
    states = {name: card.splitlines()[1] for name, card in cards.items()}
    assert states == {
        "pai-vision": "ok",
        "octopus": "failed: permission",
        "octopus-queue": "ok",
        "dataarts": "incomplete",
    }
    assert APIS["octopus_system_jobs"].cures[Reason.PERMISSION] in cards["octopus"]
    assert "succeeded" in cards["pai-vision"]
    assert "in PROCESSOR" in cards["octopus-queue"]
    assert browser.tab.complaints == []
    assert [address for address in browser.tab.requested if not address.startswith("data:")] == [demo]


def test_its_bars_are_drawn(browser: Browser, demo: str) -> None:
    browser.do(browser.tab.open, demo)
    widths = "[...document.querySelectorAll('.bar rect')].map(one => one.getBoundingClientRect().width)"
    assert min(browser.value(widths)) > 0
    fills = "new Set([...document.querySelectorAll('.bar rect')].map(one => getComputedStyle(one).fill)).size"
    assert browser.value(fills) > 4


@pytest.mark.parametrize("width", [320, 390, 700])
def test_on_a_narrow_screen_the_page_does_not_move_sideways(browser: Browser, demo: str, width: int) -> None:
    browser.look(width=width, height=700, phone=True)
    browser.do(browser.tab.open, demo)
    assert browser.value("document.documentElement.scrollWidth") == width
    assert (
        browser.value(
            "Math.max(...[...document.querySelectorAll('body *')].map(one => "
            "one.getBoundingClientRect().right))"
        )
        <= width
    )
    assert browser.value("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_stands_out_from_its_ground(browser: Browser, demo: str, dark: bool) -> None:
    browser.look(dark=dark)
    browser.do(browser.tab.open, demo)
    ground = browser.value("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (max(ground) < 64) is dark
    assert browser.value(CONTRAST) >= 4.5


def test_it_shows_what_is_new_by_itself(browser: Browser, tmp_path: Path) -> None:
    with running("simulate", "--listen=127.0.0.1:0", "--jobs=20") as simulated:
        clouds = simulated.out.wait_for("simulated clouds on ").split()[3]
        arguments = ("--config.file", config_file(tmp_path), "--web.listen-address=127.0.0.1:0")
        with running(*arguments, SIMULATED=clouds) as exporter:
            address = exporter.err.wait_for("listens on").split("listens on ")[1].split("/metrics")[0]
            browser.do(browser.tab.open, f"{address}/")
            assert browser.value(TEXT).count("not asked yet") == len(NAMES) + 1
            browser.value("document.querySelector('main .links a').focus()")
            assert httpx.get(f"{address}/metrics", trust_env=False).is_success
            browser.value(NOW)
            browser.do(browser.tab.until, f"{TEXT}.includes('4 sources: 4 ok')")
            assert browser.value("document.activeElement.closest('main').innerText").startswith("4 sources")
            assert browser.value("document.getElementById('stale').hidden") is True
            assert browser.tab.complaints == []
            links = browser.value("[...document.querySelectorAll('nav a')].map(one => one.href)")
            answers = {httpx.get(link, trust_env=False).status_code for link in links}
            assert (len(links), answers) == (5, {200})
            assert exporter.end() == 0
        browser.value(NOW)
        browser.do(browser.tab.until, "!document.getElementById('stale').hidden")
        assert "4 sources: 4 ok" in browser.value(TEXT)


def test_who_selects_text_keeps_it(browser: Browser, demo: str) -> None:
    browser.do(browser.tab.open, demo)
    browser.value("getSelection().selectAllChildren(document.querySelector('main'))")
    asked = len(browser.tab.requested)
    browser.value(NOW)
    assert browser.value("getSelection().toString().length") > 100
    assert len(browser.tab.requested) == asked


def test_without_scripts_it_says_the_same(browser: Browser, demo: str) -> None:
    browser.do(browser.tab.open, demo)
    names = browser.value(ARTICLES)
    browser.do(browser.tab.scripts, False)
    try:
        browser.do(browser.tab.open, demo)
        cards = browser.value(ARTICLES)
    finally:
        browser.do(browser.tab.scripts, True)
    assert [card.splitlines()[:3] for card in cards] == [card.splitlines()[:3] for card in names]
    assert browser.tab.complaints == []
