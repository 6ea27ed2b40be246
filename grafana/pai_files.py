"""What *PAI datasets* tells of files: how far those of running jobs are, and which fail."""

from grafana_foundation_sdk.builders import timeseries

from exporter.apis import pai_dataset_jobs
from grafana.colours import BAD, GOOD, PHASES, WARNING, of_kinds, steps
from grafana.expressions import RUNNING
from grafana.pages import Row
from grafana.panels import THIRD, bars, lines
from grafana.parts import COUNT, RATIO, Query
from grafana.scope import Scope

SCOPE = Scope(apis=("pai_dataset_jobs",), by=("workspace", "dataset", "job_type"))
ACTIONS = pai_dataset_jobs.ACTIONS
FILES_FAILED = SCOPE.of("datajobs_files_failed")
FILES_EXPECTED = SCOPE.of("datajobs_files_expected")
FILE_FAILURE_RATIO = f"sum by (job_type) ({FILES_FAILED}) / (sum by (job_type) ({FILES_EXPECTED}) > 0)"
FILE_FAILURES = steps(GOOD, (0.01, WARNING), (0.05, BAD))


def completion(phase: str, *by: str) -> str:
    """Return the completed share of the files of jobs in a phase.

    The ratios of groups are weighed by their files: sums over jobs that tell only one of both would lie.
    """
    ratio = SCOPE.of("datajobs_file_completion_ratio", phase)
    expected = SCOPE.of("datajobs_files_expected", phase)
    kept = f"by ({', '.join(by)}) " if by else ""
    return f"sum {kept}({ratio} * {expected}) / (sum {kept}({expected} and {ratio}) > 0)"


def files() -> Row:
    """Return how far the files of running jobs are."""
    return Row(
        title="How far are the files?",
        panels=[
            lines(
                "Files of running jobs, by how they are",
                "Files that the running jobs are to process: done, failed, and still to do. It falls when "
                "jobs end and climbs when others start; a picture that does not change while jobs run is "
                "work that stands still.",
                unit=COUNT,
                queries=[
                    Query(expr=f"sum({SCOPE.of('datajobs_files_completed', RUNNING)})", legend="completed"),
                    Query(expr=f"sum({SCOPE.of('datajobs_files_failed', RUNNING)})", legend="failed"),
                    Query(expr=to_do(), legend="still to do"),
                ],
                colours={
                    "completed": PHASES["succeeded"],
                    "failed": PHASES["failed"],
                    "still to do": PHASES["running"],
                },
                stacked=True,
                size=THIRD,
            ),
            completed_by("action", "job_type"),
            completed_by("dataset", "dataset"),
        ],
    )


def to_do() -> str:
    """Return the files that are neither completed nor failed; a number that no job tells counts as none."""
    expected, completed, failed = (
        SCOPE.of(f"datajobs_files_{name}", RUNNING) for name in ("expected", "completed", "failed")
    )
    return f"clamp_min(sum({expected}) - sum({completed}) - sum({failed}), 0)"


def completed_by(word: str, label: str) -> timeseries.Panel:
    """Return how far the running jobs of each value of a label are."""
    return lines(
        f"Files completed, by {word}",
        f"Of the files that the running jobs of each {word} are to process, how many are done. It climbs to "
        "100 % and falls when the next job starts. A flat line below 100 % is work that stands still. At "
        "most eight are drawn, those that are least far.",
        unit=RATIO,
        queries=[Query(expr=f"bottomk(8, {completion(RUNNING, label)})", legend=f"{{{{{label}}}}}")],
        colours=of_kinds(ACTIONS) if label == "job_type" else None,
        maximum=1,
        size=THIRD,
    )


def failed_files() -> Row:
    """Return whose files fail."""
    return Row(
        title="Which files fail?",
        panels=[
            lines(
                "Failed files, by action",
                "Files that failed in jobs that are active or finished inside the lookback. It falls by "
                "itself as the jobs grow old; while it climbs, files fail now.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (job_type) ({FILES_FAILED})", legend="{{job_type}}")],
                colours=of_kinds(ACTIONS),
                size=THIRD,
            ),
            lines(
                "Share of failed files, by action",
                "Of the files of jobs that are active or finished inside the lookback, how many failed. "
                "One action that stands out: its own fault; all together: look for what they share. "
                "Dashed: 1 and 5 percent.",
                unit=RATIO,
                queries=[
                    Query(
                        expr=FILE_FAILURE_RATIO,
                        legend="{{job_type}}",
                    )
                ],
                colours=of_kinds(ACTIONS),
                thresholds=FILE_FAILURES,
                size=THIRD,
            ),
            bars(
                "Failed files, by dataset",
                "The datasets with most failed files now, and in which action. No data: none failed inside "
                "the lookback, or it is not known.",
                unit=COUNT,
                query=Query(
                    expr=f"topk(8, sum by (dataset, job_type) ({FILES_FAILED}) > 0)",
                    legend="{{dataset}}: {{job_type}}",
                ),
                long_names=True,
                thresholds=steps(BAD),
            ),
        ],
    )
