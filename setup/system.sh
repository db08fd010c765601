#!/bin/sh
# Installs the system packages that are missing: `run` takes what the server needs, `test` adds a browser,
# a display without a screen, fonts and Mesa for the tests and the tablet window. Nothing missing: ends at once.
set -eu
purpose=${1:-test}

has_package() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
has_command() { command -v "$1" >/dev/null 2>&1; }
has_postgis() {
    for bin in /usr/lib/postgresql/*/bin/initdb; do
        version=${bin#/usr/lib/postgresql/}; version=${version%%/*}
        [ -x "$bin" ] && [ "$version" -ge 15 ] \
            && [ -e "/usr/share/postgresql/$version/extension/postgis.control" ] && return 0
    done
    return 1
}

missing=
need() { missing="$missing $*"; }

has_postgis || [ -n "${DATABASE_URL:-}" ] || need postgresql-postgis
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
has_command npm || need npm
[ -e /etc/ssl/certs/ca-certificates.crt ] || need ca-certificates

if [ "$purpose" = test ]; then
    has_postgis || [ -z "${DATABASE_URL:-}" ] || need postgresql-postgis
    has_command chromium || has_command chromium-browser || need chromium
    has_command Xvfb || need xvfb
    for package in fonts-noto-cjk libmtdev1 libgl1 libgl1-mesa-dri libegl1 libgles2; do
        has_package "$package" || need "$package"
    done
fi

[ -n "$missing" ] || exit 0

if ! has_command apt-get; then
    echo "This machine lacks what Debian calls:$missing. Install them, then run the same command again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif has_command sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    echo "System packages are missing and neither root nor sudo is here. Have this line run, then repeat:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends -y$missing" >&2
    exit 1
fi
echo "Installing system packages:$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
