#!/bin/sh
# Everything that is checked without running the product; all checks are made, and any fault makes it fail.
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
faults=0

check() { # name, command…
    name=$1; shift
    if output=$("$@" 2>&1); then
        printf '  ok     %s\n' "$name"
    else
        printf '  FAULT  %s\n%s\n' "$name" "$output"
        faults=$((faults + 1))
    fi
}

check "style" $bin/ruff check --quiet .
check "format" $bin/ruff format --check --quiet .
check "types" $bin/mypy
check "arrows between rooms" $bin/lint-imports --no-cache
check "schema.sql equals the migrations" $bin/python -m server.schema
check "Chinese words for every sentence" $bin/python setup/translations.py
check "packages agree" $bin/python -m pip check
for script in setup/*.sh .ci/run; do check "$script parses" sh -n "$script"; done

[ "$faults" = 0 ] || { printf '%s checks found faults\n' "$faults"; exit 1; }
