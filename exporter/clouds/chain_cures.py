"""What to do where a chain has no key, by what its providers said; the page on credentials tells it too."""

from collections.abc import Sequence

CURES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("environment variable", "missing required env var", "in environmental variables"),
        "set the variables that it reads for the exporter's process, or name another provider in chain",
    ),
    (
        ("credentials file", "does not exist", "no such file"),
        "mount the file that it reads; the home folder is that of the exporter's user",
    ),
    (
        ("httpcode=404", "please configure cloud service agency", " 404 "),
        "bind a role or an agency to the machine",
    ),
    (
        ("timed out", "timeout"),
        "this is no machine of that cloud, or the pod may not reach its metadata",
    ),
    (
        ("authenticationfail.oidctoken",),
        "the token ended or is of another audience: check the mount of the service account's token",
    ),
    (
        ("nopermission", "forbidden"),
        "let the role's or agency's trust policy name this provider or service account",
    ),
    (
        ("a key that ended",),
        "set the machine's clock, with NTP",
    ),
    (
        ("no answer within",),
        "something on the way drops packets: check routes and security groups to STS or metadata",
    ),
    (
        ("connection", "hostunreachable", "proxyerror", "ssl"),
        "check the host that it names, and proxies, routes and firewalls on the way to it",
    ),
    (
        ("does not load",),
        "install the vendor's library anew, or take the image, which has it",
    ),
)
"""What to do by the first row of which a part is in what was said, in lower case."""
OTHERWISE = "look at what it says; the page on credentials tells what each provider of the chain reads"


def cure(said: str) -> str:
    """Return what to do about what a provider said."""
    words = said.lower()
    return next((cure for parts, cure in CURES if any(part in words for part in parts)), OTHERWISE)


def cures(failures: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return what to do about each provider and what it said; once for those of which it is the same."""
    if len(failures) == 1:
        return (_sentence(cure(failures[0][1])),)
    names: dict[str, list[str]] = {}
    for name, said in failures:
        names.setdefault(cure(said), []).append(name)
    each = (f"{', '.join(several)}: {what}." for what, several in names.items())
    return ("Name the provider that is meant in chain, and see to that one.", *each)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
