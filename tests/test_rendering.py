"""What is kept between scrapes, and that it is only what did not change."""

import gc
from dataclasses import replace

import pytest

from exporter.collector import Shown, status_labels
from exporter.rendering import TURN, Renderer, Turns
from exporter.writer import OPENMETRICS, TEXT, Form
from tests.showing import factory_job, nothing, scrape, shown, system_job

FORMS = pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
BUSY = [system_job("RUNNING", running=5.0, submitting=1.0), system_job("QUEUING")]
LATER = [system_job("RUNNING", running=65.0, submitting=1.0), system_job("STOPPED", workspace="1")]


@FORMS
async def test_a_scrape_is_the_same_whatever_was_shown_before(form: Form) -> None:
    first = shown("octopus_system_jobs", BUSY)
    second = replace(shown("octopus_system_jobs", LATER), source=first.source)
    other = shown("dataarts_jobs", [factory_job("STOPPED")])
    renderer = Renderer()
    for results in ([first, other], [second, other], [first, other], [second], [nothing()], []):
        body = await renderer.render(results, [], form)
        assert body.whole().decode() == scrape(results, form)


@FORMS
async def test_a_snapshot_is_written_once_for_each_form(form: Form) -> None:
    result, renderer = shown("octopus_system_jobs", BUSY), Renderer()
    bodies = [await renderer.render([changed], [], form) for changed in (result, replace(result, duration=7))]
    lines = [[part for part in body.jobs if not part.startswith(b"#")] for body in bodies]
    assert len(lines[0]) > 3
    assert all(one is same for one, same in zip(*lines, strict=True))
    assert bodies[0].key == bodies[1].key


async def test_what_is_told_of_a_source_is_of_this_scrape() -> None:
    result, renderer = shown("octopus_system_jobs", BUSY, duration=0.5), Renderer()
    for changed, told in ((result, b" 0.5\n"), (replace(result, duration=7.0), b" 7.0\n")):
        body = await renderer.render([changed], [], TEXT)
        [line] = [part for part in body.rest if part.startswith(b"datajobs_source_duration_seconds")]
        assert line.endswith(told)


async def test_other_snapshots_sources_and_forms_have_other_keys() -> None:
    first, renderer = shown("octopus_system_jobs", BUSY), Renderer()
    second = replace(shown("octopus_system_jobs", BUSY), source=first.source)
    other = shown("dataarts_jobs", [factory_job("STOPPED")])
    worlds = [([first], TEXT), ([second], TEXT), ([second], OPENMETRICS), ([second, other], TEXT), ([], TEXT)]
    keys = [(await renderer.render(results, [], form)).key for results, form in worlds]
    assert len(set(keys)) == len(keys)


def test_labels_that_were_shown_before_are_not_written_again() -> None:
    first = shown("octopus_system_jobs", BUSY)
    assert first.snapshot is not None
    [group, *_] = first.snapshot.tally.jobs
    before = Shown(first, first.snapshot)
    written = before.written(status_labels, group)
    assert Shown(first, first.snapshot, before).written(status_labels, group) is written
    assert Shown(first, first.snapshot).written(status_labels, group) == written


async def test_nothing_is_kept_of_a_source_that_is_gone() -> None:
    result, renderer = shown("octopus_system_jobs", BUSY), Renderer()
    body = await renderer.render([result], [], TEXT)
    del result
    gc.collect()
    assert body.jobs
    assert len(renderer._kept) == 0


def test_others_get_their_turn_after_a_while_and_not_before() -> None:
    now = 0.0
    turns = Turns(lambda: now)
    for moment, gives_way in ((TURN, False), (TURN * 2, True), (TURN * 2.9, False), (TURN * 3.1, True)):
        now = moment
        pause = turns.pause()
        if gives_way:
            assert pause.send(None) is None
        with pytest.raises(StopIteration):
            pause.send(None)
