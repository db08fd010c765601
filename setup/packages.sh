#!/bin/sh
# Makes .venv and node_modules from the pinned lists: `run` takes what the server and the tablet need, `test` adds
# what tests and checks need. A stamp holds the hash of the lists, so that an unchanged list costs no network.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-test}
python=${PYTHON:-python3}

same() { [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]; }

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Making .venv"
    "$python" -m venv --clear .venv
fi

install_python() { # stamp, list: once for each content of the lists
    hash=$(cat constraints.txt "$2" | sha256sum)
    same ".venv/$1.stamp" "$hash" && return 0
    echo "Installing Python packages of $2"
    .venv/bin/python -m pip install -qq --disable-pip-version-check -r "$2"
    echo "$hash" > ".venv/$1.stamp"
}
install_python run requirements.txt
[ "$purpose" = run ] || install_python test requirements-dev.txt

hash=$(sha256sum < package-lock.json)
if ! same node_modules/setup.stamp "$hash"; then
    echo "Installing web and font assets"
    npm ci --silent --ignore-scripts
    echo "$hash" > node_modules/setup.stamp
fi
