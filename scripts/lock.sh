#!/bin/sh
# Writes requirements/*.txt from requirements/*.in: exact versions with hashes, for every platform, and no
# registry's address, so that the files are the same wherever they are made. Pins stay unless --upgrade is given.
set -eu
cd "${0%/*}/.."

aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
"$(scripts/find-python.sh)" -m venv "$aside/venv"
"$aside/venv/bin/python" -m pip --disable-pip-version-check -qq install uv

lock() {
    name=$1
    shift
    "$aside/venv/bin/uv" pip compile --quiet --universal --python-version 3.12 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        "$@" "requirements/$name.in" -o "requirements/$name.txt"
}

lock runtime "$@"
lock dev "$@" --constraint requirements/runtime.txt # the tests run with what the product runs with
