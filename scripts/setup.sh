#!/bin/sh
# Makes .venv with the locked packages and SOaR2 itself. `make setup` runs it when something it reads has changed.
set -eu
cd "${0%/*}/.."

python=$(scripts/find-python.sh)
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
    echo "Making .venv with $python; the first time takes about a minute."
    "$python" -m venv --clear .venv
fi

# --require-hashes: exactly the files that were locked, whichever registry serves them.
pip="./.venv/bin/python -m pip --disable-pip-version-check -qq" # errors only
$pip install --require-hashes -r requirements/dev.txt
$pip install --no-deps --no-build-isolation --editable .
touch .venv/.soar2-setup
