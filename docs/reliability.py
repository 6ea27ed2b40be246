"""The page of trials: its prose is in reliability.md.in, the figures are those that were measured last."""

from collections.abc import Callable, Sequence
from statistics import median

from docs.markdown import HERE, page, table
from docs.plot import Curve, plot
from tests.reliability.figures import Figures, Load, Made, Outcome, Sample, Soak, known

NAME = "reliability.md"
PLOT = "images/soak.svg"
UNKNOWN = "Not tried yet."
BEGINNING, END = (2.0, 8.0), (16.0, 24.0)
"""The hours that are compared: from the second on nothing may grow."""
QUANTITIES: Sequence[tuple[str, str, Callable[[Sample], float]]] = (
    ("memory in use", "MB", lambda sample: sample.memory),
    ("series of a scrape", "", lambda sample: sample.series),
    ("sources in memory", "", lambda sample: sample.sources),
    ("tasks", "", lambda sample: sample.tasks),
    ("descriptors", "", lambda sample: sample.descriptors),
    ("threads", "", lambda sample: sample.threads),
)


def reliability_page(figures: Figures | None = None) -> str:
    """Return the page."""
    found = known() if figures is None else figures
    return page(
        NAME,
        load=UNKNOWN if found.load is None else of_load(found.load, found.load_made),
        soak=UNKNOWN if found.soak is None else of_soak(found.soak, found.soak_made),
    )


def soak_plot() -> str:
    """Return the plot of the soak."""
    lived = known().soak
    samples = () if lived is None else lived.samples
    return plot(
        [
            Curve(name=name, unit=unit, points=[(sample.hour, value(sample)) for sample in samples])
            for name, unit, value in QUANTITIES[:4]
        ],
        along="hours",
    )


def write() -> None:
    """Write page and plot."""
    (HERE / NAME).write_text(reliability_page(), encoding="utf-8")
    (HERE / PLOT).write_text(soak_plot(), encoding="utf-8")


def told(made: Made | None) -> str:
    """Say when and on what a trial was made."""
    if made is None:
        return ""
    return f"Tried on {made.date}, on {made.machine}; {made.busy:.1f} processes wanted to run when it ended."


def of_load(load: Load, made: Made | None) -> str:
    """Return what the trial under load came to."""
    minutes = sum(phase.seconds for phase in load.phases) / 60
    rows = table(
        ["who asks", "answered", "p50", "p99", "slowest", "503", "p99 of 503", "p99 of health", "else"],
        [row(phase) for phase in load.phases],
    )
    costs = table(
        [
            "who asks",
            "requests to the clouds, a second",
            "at once, at most",
            "memory, at most",
            "descriptors",
        ],
        [cost(phase) for phase in load.phases],
    )
    after = (
        f"Before anybody came there were {load.idle} descriptors, after all had left {load.left}: the "
        f"connections to the clouds are kept. The next scrape was answered with {load.status}."
    )
    lasted = f"{minutes:.0f} minutes; scrapers wait for {load.patience:g} s. {told(made)}"
    return f"{lasted}\n\n{rows}\n\n{costs}\n\n{after}"


def row(phase: Outcome) -> Sequence[str]:
    """Return what scrapers saw in a phase."""
    return (
        phase.name,
        f"{phase.answered:,}",
        f"{phase.p50:.2f} s",
        f"{phase.p99:.2f} s",
        f"{phase.slowest:.2f} s",
        f"{phase.refused:,}",
        "" if phase.refused_p99 is None else f"{phase.refused_p99:.2f} s",
        f"{phase.health_p99:.2f} s",
        ", ".join(f"{what}: {count}" for what, count in phase.wrong.items()) or "nothing",
    )


def cost(phase: Outcome) -> Sequence[str]:
    """Return what a phase cost."""
    return (
        phase.name,
        f"{phase.asked:.1f}",
        str(phase.at_once),
        f"{phase.memory:.0f} MB",
        f"{phase.descriptors:,}",
    )


def of_soak(lived: Soak, made: Made | None) -> str:
    """Return what the soak came to."""
    rows = [
        (name, shown(beginning, unit), shown(end, unit), f"{(end / beginning - 1) * 100:+.1f} %")
        for name, unit, value in QUANTITIES
        for beginning, end in [(between(lived, *BEGINNING, value), between(lived, *END, value))]
    ]
    compared = table(
        [
            "median of",
            f"hours {BEGINNING[0]:g} to {BEGINNING[1]:g}",
            f"hours {END[0]:g} to {END[1]:g}",
            "change",
        ],
        rows,
    )
    what = (
        f"Each server scraped every {lived.interval:g} s: {lived.scrapes:,} scrapes of all sources, "
        f"{lived.requests:,} requests to the clouds, {lived.failed:,} failures that the exporter counted, "
        f"{lived.reloads} reloads and {lived.rejected} of a broken file, {lived.lines:,} lines of the log. "
        f"The day took {lived.seconds / 60:.0f} minutes. {told(made)}"
    )
    return f"{what}\n\n{compared}"


def between(lived: Soak, begin: float, end: float, value: Callable[[Sample], float]) -> float:
    """Return the median of a quantity over some hours."""
    return median(value(sample) for sample in lived.samples if begin <= sample.hour <= end)


def shown(value: float, unit: str) -> str:
    """Return a value with its unit."""
    return f"{value:.2f} {unit}" if unit else f"{value:g}"
