"""What a job costs where all jobs are listed: the exporter beside what a user would write."""

from collections.abc import Sequence

from benchmarks.clouds import Spec, clouds
from benchmarks.contenders import Task
from benchmarks.figures import Figure
from benchmarks.rounds import cpu, cpu_per_job, ratio, take_turns
from benchmarks.size import Size

PAI = "pai_dataset_jobs"
QUEUE = "octopus_queuing_jobs"
OURS_ON_PAI = 50
"""Rows of a page of PAI's, as the exporter asks for them."""


def measure(size: Size) -> Sequence[Figure]:
    """Return CPU per job of each, and the ratios."""
    number = size.listed
    with clouds(Spec(factory=number, queue=number, pai=((0, number),))) as url:
        laps = take_turns(
            {
                "exporter, DataArts": Task(name="exporter", url=url),
                "exporter, queue": Task(name="exporter", url=url, api=QUEUE),
                "exporter, PAI, read twice": Task(name="exporter", url=url, api=PAI),
                "Huawei SDK, DataArts": Task(name="huawei_sdk", url=url),
                "Alibaba SDK, PAI, pages of 100": Task(name="alibaba_sdk", url=url, api=PAI),
                "Alibaba SDK, PAI, pages of 50": Task(name="alibaba_sdk", url=url, api=PAI, page=OURS_ON_PAI),
                "requests and json, DataArts": Task(name="requests_json", url=url),
                "bare sockets and msgspec, DataArts, not signed": Task(name="floor", url=url),
            },
            size.rounds,
        )
    huawei, alibaba = laps["Huawei SDK, DataArts"], laps["Alibaba SDK, PAI, pages of 100"]
    costs = [
        Figure(what=f"CPU of a job: {name}", value=cpu_per_job(mine), unit="µs")
        for name, mine in laps.items()
    ]
    ratios = [
        Figure(what=f"CPU of a job: {name} / {other}", value=ratio(laps[name], theirs, cpu), target=target)
        for name in ("exporter, DataArts", "exporter, queue")
        for other, theirs, target in (("Huawei SDK", huawei, 0.16), ("Alibaba SDK", alibaba, 0.45))
    ]
    # Of jobs that run PAI does not tell when they changed: the exporter reads such a list twice.
    same = ratio(
        laps["exporter, PAI, read twice"],
        laps["Alibaba SDK, PAI, pages of 50"],
        lambda lap: lap.cpu / lap.requests,
    )
    return [
        *ratios,
        Figure(what="CPU of a page: exporter / Alibaba SDK, PAI, pages of 50", value=same),
        *costs,
    ]
