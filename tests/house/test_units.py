"""The systemd units start commands that exist, restart whatever the reason, and may write in one place only."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from soar2.cli import _parser

UNITS = sorted((Path(__file__).resolve().parents[2] / "docs/how-to/systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


def read(path):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())
    return unit


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_unit_starts_a_command_of_ours(path):
    line = re.sub(r"\$\$\(.*?\)", "1", read(path)["Service"]["ExecStart"])
    words = re.search(r"/opt/soar2/\.venv/bin/soar2 ([^'\n]*)", line)[1].split()
    assert callable(_parser().parse_args(words).run)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_unit_runs_with_little_right(path):
    service = read(path)["Service"]
    assert service["User"] == "soar2"
    assert service["StateDirectory"] == "soar2"
    for right in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert service[right] == "yes"
    assert service["ProtectSystem"] == "strict"
    if service.get("Type") != "oneshot":
        assert service["Restart"] == "always"


def test_systemd_itself_finds_no_fault(tmp_path):
    """Where systemd is installed. The programme's own path is put in for one that is not there."""
    if not (program := shutil.which("systemd-analyze")):
        assert [path.name for path in UNITS]  # read above; nothing here can say more
        return
    for path in UNITS:
        text = path.read_text().replace("/opt/soar2/.venv/bin/soar2", "/bin/true").replace("/opt/soar2", "/")
        (tmp_path / path.name).write_text(text.replace("User=soar2", "User=root"))
    ran = subprocess.run(
        [program, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True
    )
    ours = [line for line in ran.stderr.splitlines() if "soar2" in line]
    assert ours == []
