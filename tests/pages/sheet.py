"""Sample pages of every component, to be judged by eye and checked in a browser.

`python tests/pages/sheet.py` serves them and prints the address; Ctrl-C stops it. All people are invented.
"""

import contextlib
import os
import random
import threading
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import django
from django.template import Context, Engine

import soar2.pages
from soar2.pages.marks import SHAPES
from soar2.pages.spine import Level

HERE = Path(__file__).parent
PAGES = Path(soar2.pages.__file__).parent
NOW = datetime(2026, 3, 10, 18, 12, tzinfo=UTC)  # 14:12 in New York
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
BEFORE = {"T8": Level("1b", "lytic", 0.15, 1)}
AFTER = {"T8": Level("1c", "lytic", 0.58, 2)}
LENA = {"T11": Level("3", "lytic", 0.35, 2, signal=True)}


class Row(NamedTuple):
    """One line of the sample worklist."""

    lane: str
    who: str
    two: str
    place: str
    why: str
    more: str
    owner: str
    since: str
    next: str
    left: float | None = None  # hours
    share: float = 0.0
    verb: str = ""
    what: str = ""
    chip: str = ""
    kind: str = ""
    key: str = ""

    @property
    def code(self) -> str:
        return self.who.replace(" ", "")

    @property
    def due(self) -> datetime | None:
        return None if self.left is None else NOW + timedelta(hours=self.left)

    @property
    def start(self) -> datetime | None:
        if self.left is None:
            return None
        whole = -self.left / (self.share - 1) if self.share > 1 else self.left / (1 - self.share)
        return self.due - timedelta(hours=whole)


NEEDS_YOU = (
    Row(
        "emergent",
        "Ada Finch",
        "71 F, myeloma",
        "7 North 12",
        "C7 epidural 3, new",
        "hand weakness since Monday",
        "nobody yet",
        "told 14:10",
        "Own",
        0.2,
        0.78,
        verb="answer",
        chip="New",
        kind="new",
        key="a",
    ),
    Row(
        "urgent",
        "Rosa Quill",
        "62 F, breast",
        "home",
        "T8 epidural 1c, was 1b",
        "in 98 days; over half collapsed",
        "You",
        "owned 14:11",
        "Call",
        70.4,
        0.02,
        what="visit",
        chip="Not told",
    ),
    Row(
        "urgent",
        "Theo Brandt",
        "74 M, lung",
        "home",
        "T7 epidural 1c, was 1a",
        "30 Gy in 10 here, Jan 2025",
        "You",
        "owned 10:02",
        "Call",
        -2.37,
        2.1,
        chip="Read 13:40, not told",
        kind="warn",
    ),
    Row(
        "expedited",
        "Nora Pike",
        "66 F, myeloma",
        "home",
        "Grade not stated",
        "free text: “compression at L1”",
        "nobody yet",
        "please read",
        "Own",
        3.8,
        0.05,
        verb="read",
        chip="No macro",
        key="a",
    ),
)
DUE = (
    Row(
        "urgent",
        "Ivo Castle",
        "68 M, lung",
        "Emergency 9",
        "L4 sac compressed, moderate",
        "below the cord, bladder normal",
        "Dr Lindqvist",
        "owned 12:20",
        "Open",
        1.9,
        0.53,
        verb="decide",
    ),
    Row(
        "expedited",
        "Cora Lind",
        "58 F, lung",
        "home",
        "L1 epidural 1b, new",
        "bone pain at night",
        "You",
        "owned 08:05",
        "Call",
        2.3,
        0.6,
        verb="tell",
        chip="Khmer interpreter",
    ),
)
OTHERS = (
    Row(
        "routine",
        "Ines Park",
        "70 F, breast",
        "home",
        "T10 bone only",
        "unchanged since Dec",
        "L. Amari",
        "board",
        "Open",
        41.3,
        0.1,
        what="board",
    ),
    Row(
        "none",
        "Sam Orr",
        "80 M, lung",
        "home",
        "Hospice since 8 Mar",
        "treatment clocks stopped",
        "Dr Wynn",
        "palliative care",
        "Open",
    ),
)


def _column(word: str, levels: dict, width: int = 120, window=None, labels: bool = True) -> dict:
    uid = "s" + "".join(c for c in word if c.isalnum())
    return {"word": word, "levels": levels, "width": width, "window": window, "labels": labels, "uid": uid}


def _columns() -> list[dict]:
    near, sac = ("T7", "T9"), ("L2", "S5")
    graded = [
        _column(f"grade {g}", {"T8": Level(g, "lytic", 0.2 if g > "1c" else 0, 1)}, 200, near)
        for g in ("0", "1a", "1b", "1c", "2", "3")
    ]
    return [
        _column("230 px", LENA, 230),
        _column(
            "120 px, three levels",
            {**AFTER, "C5": Level("1b", "mixed"), "L2": Level("0", "blastic", treated="radiation 2024")},
        ),
        _column("normal", {}),
        _column("46 px", AFTER, 46, labels=False),
        _column(
            "not drawn", {"L6": Level("1c", "lytic"), "unknown": Level("2"), "T8": Level("1a", "lytic")}, 170
        ),
        *graded,
        _column("not stated", {"T8": Level(None, "unknown")}, 200, near),
        _column("1a to 3", {"T8": Level(None, "blastic", span=("1a", "3"))}, 200, near),
        _column("compressed, 2 to 3", {"T8": Level(None, "lytic", span=("2", "3"))}, 200, near),
        _column("sac moderate", {"L4": Level(None, "mixed", 0.2, 1, sac="moderate")}, 220, sac),
        _column("sac severe", {"L3": Level(None, "lytic", 0.2, 2, sac="severe")}, 220, sac),
        _column(
            "neck",
            {"C5": Level("1b", "lytic"), "C1": Level("0", "lytic"), "C2": Level("0", "blastic")},
            240,
            ("C1", "T2"),
        ),
        _column("signal", {"T11": Level("2", "lytic", 0.35, 2, signal=True)}, 220, ("T9", "L2")),
    ]


def _pairs() -> list[dict]:
    many = {
        "T4": Level("1a", "lytic"),
        "T5": Level("1b", "lytic"),
        "T6": Level("2", "mixed", 0.6, 2, signal=True),
    }
    few = {
        "T6": Level("2", "mixed", 0.2, 1),
        "T5": Level(None, "lytic"),
        "T7": Level("0", "blastic"),
        "C3": Level("0"),
    }
    return [
        {
            "word": "worse",
            "prior": BEFORE,
            "current": AFTER,
            "uid": "pw",
            "width": 600,
            "window": ("T5", "T11"),
        },
        {"word": "many", "prior": few, "current": many, "uid": "pm", "width": 520, "window": ("T2", "T9")},
        {
            "word": "narrow",
            "prior": BEFORE,
            "current": AFTER,
            "uid": "pn",
            "width": 302,
            "window": ("T6", "T10"),
        },
    ]


def _log() -> list[tuple[datetime, str, str]]:
    said = (
        (0.02, "Owned", "N. Bell RN; Dr Hale’s report line shows it"),
        (0.1, "Notice opened", "to the navigator on duty, e-mail, delivered in 22 s"),
        (0.12, "Report final", "Dr Hale; lane urgent, pack soar2-open 1, unsigned"),
        (1.5, "Exam end", "MRI total spine, accession A-20931"),
        (98 * 24.0, "Report final", "T8 epidural 1b, under half collapsed"),
    )
    return [(NOW - timedelta(hours=h), what, how) for h, what, how in said]


def context() -> dict:
    """Everything the samples show."""
    draw = random.Random(7)
    usual = [16 if i < 16 else 9 if i < 30 else 4 if i < 64 else 18 for i in range(96)]
    return {
        "demo": False,
        "now": NOW,
        "person": {"name": "N. Bell RN", "role_words": "Navigator on duty"},
        "feed_state": {"mark": "well", "words": "Feeds well", "more": ", last report 3 min ago"},
        "counts": (("New", 1), ("Unowned", 2), ("Over", 1), ("Due today", 6)),
        "groups": (
            {"word": "Needs you now", "rows": NEEDS_YOU},
            {"word": "Due today", "rows": DUE},
            {"word": "With others", "rows": OTHERS, "note": "rises here when their time runs out"},
        ),
        "prior": BEFORE,
        "current": AFTER,
        "lena": LENA,
        "window": ("T6", "T10"),
        "wide": ("T5", "T11"),
        "dates": ("2 Dec 2025", "10 Mar 2026"),
        "log": _log(),
        "due": NOW + timedelta(hours=70),
        "start": NOW - timedelta(hours=2),
        "strip": (
            ({}, "4 Jun", "0", "p0"),
            (BEFORE, "2 Dec", "T8 1b", "p1"),
            (AFTER, "10 Mar", "T8 1c", "p2"),
        ),
        "bars": [0 if i >= 93 else max(0, round(draw.gauss(v, v / 4))) for i, v in enumerate(usual)],
        "usual": usual,
        "quiet": [0] * 96,
        "seen": NOW - timedelta(minutes=3),
        "lanes": tuple(SHAPES),
        "columns": _columns(),
        "pairs": _pairs(),
    }


def render(name: str) -> str:
    """One sample page as HTML, through the product's own templates and tags."""
    engine = Engine(
        dirs=[HERE / "samples", PAGES / "templates"],
        libraries={"soar2": "soar2.pages.templatetags.soar2", "static": "django.templatetags.static"},
    )
    made = context() | ({"window": ("T9", "L1")} if name == "notice" else {})
    return engine.get_template(f"{name}.html").render(Context(made))


SAMPLES = tuple(sorted(p.stem for p in (HERE / "samples").glob("*.html")))


class _Handler(SimpleHTTPRequestHandler):
    """Static files of the product and the samples, under the product's own content policy."""

    def do_GET(self) -> None:
        name = self.path.split("?")[0].strip("/")
        if name in SAMPLES:
            self._send(render(name).encode(), "text/html; charset=utf-8")
        elif (PAGES / name).is_file():
            self._send((PAGES / name).read_bytes(), self.guess_type(name))
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        for key, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
        ):
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def serve() -> tuple[ThreadingHTTPServer, str]:
    """A server on a free port of this machine, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    """Serve until interrupted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
    django.setup()
    server, address = serve()
    print("\n".join(f"{address}/{name}" for name in SAMPLES))
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    server.shutdown()


if __name__ == "__main__":
    main()
