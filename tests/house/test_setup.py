"""What `make` and the scripts beside it promise on a fresh machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIND_PYTHON = ROOT / "scripts/find-python.sh"


def find_python(*path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script with nothing but ``path`` to look in: no home, no version manager."""
    only = {"PATH": ":".join(map(str, path)), "HOME": "/nonexistent", **environment}
    return subprocess.run([FIND_PYTHON], capture_output=True, text=True, env=only)


def fake(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return directory


def real(directory: Path, name: str) -> Path:
    return fake(directory, name, f'exec "{sys.executable}" "$@"')


def test_without_any_python_it_says_in_one_sentence_how_to_get_one(tmp_path: Path) -> None:
    answer = find_python(tmp_path)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert re.match(
        r"SOaR2 needs CPython 3\.12 or newer with venv: install it with `sudo apt-get", answer.stderr
    )


@pytest.mark.parametrize("name", ["python3.13", "python3.12", "python3.14", "python3"])
def test_any_name_a_new_enough_python_goes_by_is_found(tmp_path: Path, name: str) -> None:
    answer = find_python(real(tmp_path, name))
    assert answer.returncode == 0, answer.stderr
    assert os.access(answer.stdout.strip(), os.X_OK)


def test_one_of_a_version_manager_is_found_without_its_shims(tmp_path: Path) -> None:
    binaries = tmp_path / "versions/3.13.9/bin"
    binaries.mkdir(parents=True)
    real(binaries, "python3")
    assert find_python(tmp_path, PYENV_ROOT=str(tmp_path)).returncode == 0


@pytest.mark.parametrize(
    ("what", "script"),
    [
        ("a shim without a version behind it", "echo 'pyenv: version not installed' >&2; exit 127"),
        ("a Python that is too old or lacks ensurepip", "exit 1"),
    ],
)
def test_a_python_that_does_not_work_is_passed_over(tmp_path: Path, what: str, script: str) -> None:
    broken = fake(tmp_path / "first", "python3.13", script)
    assert find_python(broken).returncode == 1, what
    assert find_python(broken, real(tmp_path / "second", "python3")).returncode == 0, what


def test_the_version_asked_for_comes_first(tmp_path: Path) -> None:
    wanted = (ROOT / ".python-version").read_text().strip()
    real(tmp_path, f"python{wanted}")
    fake(tmp_path, "python3", "touch asked-too-early; exit 1")
    answer = subprocess.run(
        [FIND_PYTHON],
        capture_output=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": "/"},
        cwd=tmp_path,
    )
    assert answer.returncode == 0
    assert not (tmp_path / "asked-too-early").exists()


def test_a_named_python_ends_the_search(tmp_path: Path) -> None:
    directory = real(tmp_path, "python3")
    answer = find_python(directory, SOAR2_PYTHON="/nowhere/python")
    assert answer.returncode == 1
    assert answer.stderr.startswith("SOAR2_PYTHON names /nowhere/python, which is not a CPython 3.12")
    assert find_python(tmp_path / "empty", SOAR2_PYTHON=str(directory / "python3")).returncode == 0


@pytest.mark.parametrize(
    "script", ["scripts/find-python.sh", "scripts/setup.sh", "scripts/lock.sh", ".ci/run"]
)
def test_each_script_may_be_run_and_parses(script: str) -> None:
    shell = "bash" if script == ".ci/run" else "sh"
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run([shell, "-n", script], cwd=ROOT, capture_output=True).stderr == b""


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_the_lock_has_a_hash_for_every_package_and_no_address(name: str) -> None:
    lock = (ROOT / f"requirements/{name}.txt").read_text()
    packages = re.split(r"\n(?=\S)", lock.strip())
    assert len(packages) > 15
    for package in packages:
        assert re.match(r"[a-z0-9-]+==\S+", package)
        assert "--hash=sha256:" in package
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock)


def test_the_product_runs_in_the_tests_with_what_it_runs_with_outside() -> None:
    def pins(name: str) -> set[str]:
        return set(
            re.findall(r"^\S+==[^\s;]+", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
        )

    assert pins("runtime") <= pins("dev")


def would_run(target: str) -> str:
    unflagged = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    dry = ["make", "--dry-run", target]
    return subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True, env=unflagged).stdout


@pytest.mark.parametrize(
    ("target", "command"), [("demo", "exec .venv/bin/soar2 demo"), ("test", "-m pytest -n 2"), ("setup", ":")]
)
def test_make_has_each_promised_target(target: str, command: str) -> None:
    assert command in would_run(target)


def test_the_check_leaves_nothing_out() -> None:
    dry = would_run("check")
    for command in (
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "lint-imports",
        "django check",
        "makemigrations --check --dry-run",
    ):
        assert command in dry


def test_the_continuous_check_requires_the_system_packages_and_calls_make() -> None:
    script = (ROOT / ".ci/run").read_text()
    for line in ("export SOAR2_REQUIRE_SYSTEM=1", "install_missing", "step make test", "step make check"):
        assert re.search(f"^{line}$", script.replace(" # ", "\n# "), re.MULTILINE), line
    assert "chromium" in (ROOT / "apt.txt").read_text().splitlines()
