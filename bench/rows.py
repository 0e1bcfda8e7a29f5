"""The database alone: the rows that the product writes, inserted by pgbench, without MLLP and without parsing.

The table has the shape, the indexes and the storage options of the product's inbox; every row carries the whole
message over the connection, as it does for the product.
"""
# ruff: noqa: S603 - pgbench comes from the directory of the server that is measured

import os
import re
import subprocess

import sample
from place import SAME

COLUMNS = {
    "received_at": "now()",
    "door": "'mllp'",
    "peer": "'127.0.0.1:40000'",
    "feed": "''",
    "raw": "convert_to(:body, 'UTF8')",
    "body_hash": "encode(sha256(convert_to(:client_id || '-' || :n || '-{row}', 'UTF8')), 'hex')",
    "sending_application": "'RIS'",
    "sending_facility": "'BENCH'",
    "control_id": "lpad(:client_id || '-' || :n || '-{row}', 20, '0')",
    "message_type": "'ORU^R01'",
    "answer_code": "'AA'",
    "answer": "convert_to(:answer, 'UTF8')",
    "resent": "0",
    "state": "'stored'",
    "reason": "''",
    '"where"': "''",
    "attempts": "0",
    "settled_note": "''",
}
ANSWER = "MSH|^~\\&|SOAR2|BENCH|RIS|BENCH|20260310140706+0000||ACK^R01^ACK|0123456789ab|P|2.5.1\rMSA|AA|01234567890123456789\r"
COUNT = "\\set n :n + 1"
FOUND = {
    "count": re.compile(r"actually processed: (\d+)"),
    "rate": re.compile(r"tps = ([\d.]+)"),  # without the time to connect
    "mean": re.compile(r"latency average = ([\d.]+)"),
}


def script(group):
    """One transaction of pgbench: a row with its own commit, or a pipelined group of rows with one commit."""
    insert = f"INSERT INTO {SAME} ({', '.join(COLUMNS)}) VALUES ({', '.join(COLUMNS.values())});"  # noqa: S608
    rows = [insert.format(row=number) for number in range(group)]
    lines = rows if group == 1 else ["\\startpipeline", "BEGIN;", *rows, "COMMIT;", "\\endpipeline"]
    return "\n".join((COUNT, *lines, ""))


class Rows:
    """Inserts for whole seconds from ``connections`` at once, ``group`` rows a commit."""

    def __init__(self, place, connections, group):
        self.place, self.group = place, group
        path = place.directory / f"rows-{group}.sql"
        path.write_text(script(group))
        given = {
            "body": sample.numbered(sample.oru(), "SOAR2ROW", 0).decode(),
            "answer": ANSWER,
            "n": "0",
        }
        self.words = [place.program("pgbench"), "-n", "-M", "prepared", "-f", str(path), "-j", "1"]
        self.words += ["-c", str(connections)]
        self.words += [word for name, value in given.items() for word in ("-D", f"{name}={value}")]

    def run(self, seconds):
        """Rows a second; and the rows that pgbench says it committed beside those that are there."""
        self.place.fresh(SAME)
        words = [*self.words, "-T", str(round(seconds) + 2)]  # connecting takes part of that time
        done = subprocess.run(words, env=os.environ | self.place.libpq(), capture_output=True, text=True)
        said = {name: pattern.search(done.stdout) for name, pattern in FOUND.items()}
        if done.returncode or not all(said.values()):
            raise SystemExit(f"pgbench failed:\n{done.stdout[-600:]}{done.stderr[-2000:]}")
        return {
            "rate": float(said["rate"][1]) * self.group,
            "mean_ms": float(said["mean"][1]),
            "acknowledged": int(said["count"][1]) * self.group,
            "rows": self.place.count(SAME),
        }
