#!/bin/sh
# Prints the path of a CPython that SOaR2 can use, or one sentence on how to get it (exit status 1).
#
# The version in .python-version is asked for first, then any other from 3.12 on. Each candidate is really run:
# a version manager's shim may stand on the PATH without a Python behind it, and some distributions ship Python
# without the parts that `venv` needs. Uses nothing but the shell, since the PATH may be bare.
#
# SOAR2_PYTHON names one interpreter and ends the search.

root=${0%/*}/..
test_program='
import sys
if sys.implementation.name != "cpython" or sys.version_info < (3, 12):
    sys.exit(1)
import ensurepip, ssl, venv
print(sys.executable)
'

try() { # prints the interpreter's own path when it will do
    command -v "$1" >/dev/null 2>&1 && "$1" -c "$test_program" 2>/dev/null
}

if [ -n "$SOAR2_PYTHON" ]; then
    try "$SOAR2_PYTHON" && exit 0
    echo "SOAR2_PYTHON names $SOAR2_PYTHON, which is not a CPython 3.12 or newer with venv and ensurepip." >&2
    exit 1
fi

wanted=3.13
[ -r "$root/.python-version" ] && read -r wanted <"$root/.python-version"

for version in "$wanted" 3.13 3.12 3.14 3; do
    try "python$version" && exit 0
    for installed in \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version"*/bin/python3 \
        "$HOME/.local/share/uv/python/cpython-$version"*/bin/python3; do
        try "$installed" && exit 0
    done
done

echo "SOaR2 needs CPython 3.12 or newer with venv: install it with \`sudo apt-get install python3 python3-venv\`" \
    "(Debian 13, Ubuntu 24.04 or newer), \`sudo dnf install python3.13\` or \`pyenv install 3.13\`, then run make again." >&2
exit 1
