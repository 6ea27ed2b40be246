#!/bin/sh
# Installs the programs that the tests run and that no Python package brings, where that is possible:
# on Debian and its kin, as root. Elsewhere it says what is missing; the tests that need it skip, or
# fail where CI=true.
set -eu

fail() {
    echo "$1" >&2
    if [ "${CI:-}" = true ]; then exit 1; fi
    exit 0
}

# Adds package $1 to what is missing unless program $2 (or $3) is there.
need() {
    command -v "$2" >/dev/null || command -v "${3:-$2}" >/dev/null || missing="$missing $1"
}

missing=""
need prometheus prometheus
need prometheus promtool
need prometheus-alertmanager prometheus-alertmanager alertmanager
need prometheus-alertmanager amtool
need chromium chromium
need systemd systemd-analyze
if [ ! -d "${FONTS:-/usr/share/fonts/truetype/liberation}" ]; then missing="$missing fonts-liberation"; fi
missing=$(echo "$missing" | tr ' ' '\n' | sort -u | xargs)
if [ -z "$missing" ]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
    fail "Tests need programs that are not here. Debian's packages of them: $missing"
fi
if [ "$(id -u)" -ne 0 ]; then
    fail "Tests need packages that are not here. As root: apt-get install --no-install-recommends $missing"
fi

# The tests start these programs themselves: a policy that answers 101 keeps the packages from
# starting them as services. It goes again when we end, and what was there before comes back.
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
kept=$policy.kept-by-datajobs-exporter
restore() {
    rm -f "$policy"
    if [ -e "$kept" ] || [ -L "$kept" ]; then mv "$kept" "$policy"; fi
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -e "$kept" ] || [ -L "$kept" ]; then
    restore # a run before this one was killed
fi
if [ -e "$policy" ] || [ -L "$policy" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "Installing $missing" >&2
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt-get -qq update >&2 || echo "apt-get update failed; going on with the lists that are here" >&2
# shellcheck disable=SC2086 # a list of words
if ! said=$(apt-get -qq install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 $missing 2>&1); then
    fail "$said
Some of these were not installed: $missing"
fi
