"""Datasets that could not all be found must not look like all there are."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from exporter.apis.pai_dataset_jobs import Discovery, Options
from exporter.client import Answer, Request
from exporter.errors import Reason, SourceError


@dataclass
class Lists:
    """Answers with pages in turn; a page is what it reports as total and its dataset ids."""

    pages: Iterable[tuple[int, list[str]]]
    asked: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pages = iter(self.pages)

    async def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        total, names = next(self._pages)
        body = {"TotalCount": total, "Datasets": [{"DatasetId": name} for name in names]}
        return Answer(body=json.dumps(body).encode(), date=None)


def discovery(clock: list[float]) -> Discovery:
    options = Options(datasets="discover", workspace_id="1", editions=("ADVANCED",))
    return Discovery(options, clock=lambda: clock[0])


@pytest.mark.parametrize("total", [2, 3])
async def test_an_empty_page_of_a_list_that_has_datasets_is_a_failure_and_not_remembered(total: int) -> None:
    found = discovery([0.0])
    with pytest.raises(SourceError, match=rf"0 of {total} ADVANCED datasets") as failure:
        await found.walks(Lists([(total, [])] * 2).fetch)
    assert failure.value.reason is Reason.BAD_RESPONSE
    good = Lists([(1, ["d-a"]), (1, [])])
    assert [walk.name for walk in await found.walks(good.fetch)] == ["dataset d-a"]


async def test_a_list_that_does_not_add_up_is_read_once_more() -> None:
    lists = Lists([(2, ["d-a"]), (2, []), (2, ["d-a", "d-b"]), (2, [])])
    walks = await discovery([0.0]).walks(lists.fetch)
    assert [walk.name for walk in walks] == ["dataset d-a", "dataset d-b"]


async def test_a_total_of_the_page_is_as_good_as_one_of_the_list() -> None:
    lists = Lists([(2, ["d-a", "d-b"]), (1, ["d-c"]), (0, [])])
    assert len(await discovery([0.0]).walks(lists.fetch)) == 3
    assert len(lists.asked) == 3


async def test_what_was_found_is_asked_for_again_after_the_interval() -> None:
    clock = [0.0]
    found = discovery(clock)
    await found.walks(Lists([(1, ["d-a"]), (1, [])]).fetch)
    clock[0] = 599.9
    assert len(await found.walks(Lists([]).fetch)) == 1
    clock[0] = 600.0
    assert len(await found.walks(Lists([(2, ["d-a", "d-b"]), (2, [])]).fetch)) == 2
