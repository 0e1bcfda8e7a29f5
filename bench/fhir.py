"""FHIR: the product's POST /fhir/DiagnosticReport beside a bare Django view that stores the same body.

Both run behind granian, in one worker process: the product by RSGI, the view by WSGI as Django is usually served,
with as many threads as suit it best. The product checks the resource against FHIR R4 and reads it; the view takes
any JSON. Both check a bearer token and answer 201 when the row is committed, on the same database with the same
durability.
"""

import hashlib

import sample
from mllp import closed
from place import INBOX, PLAIN

SECTION, PRODUCT, PEER = "fhir", "soar2 web", "a bare Django view"
PATH, FEED = "/fhir/DiagnosticReport", "Radiology results"
WHERE = {INBOX: "state = 'stored'", PLAIN: "true"}  # a body held for a person was not understood


class Doors:
    def __init__(self, place, load):
        self.place, self.load, self.template = place, load, sample.fhir()
        self.token = place.command("token", "create", "bench", "--feed", FEED).strip()
        place.environment["BENCH_TOKEN_DIGEST"] = hashlib.sha256(self.token.encode()).hexdigest()
        place.part("web")
        place.wait_for(place.ports["web"], "the web process")
        self.at = {PRODUCT: (place.ports["web"], INBOX), PEER: (place.peer("bare_django.py"), PLAIN)}

    def run(self, who, **options):
        port, table = self.at[who]
        self.place.fresh(table)
        header = f"Authorization: Bearer {self.token}"
        figures = self.load.run(port, self.template, mode="http", path=PATH, header=header, **options)
        return figures | {"rows": self.place.count(table, WHERE[table])}


def measure(place, load, book, plan):
    """All cases, interleaved; the order is turned round every second run."""
    doors = Doors(place, load)
    for who in doors.at:
        doors.run(who, connections=8, seconds=1, warm=0)  # not counted
    for number in range(1, plan.runs + 1):
        for connections in plan.connections:
            for who in (PRODUCT, PEER) if number % 2 else (PEER, PRODUCT):
                figures = doors.run(who, connections=connections, seconds=plan.seconds, warm=plan.warm)
                book.add(SECTION, closed(connections), who, number, figures)
    place.fresh(INBOX, PLAIN)
    for connections in plan.connections:
        case = closed(connections)
        book.goal(
            f"FHIR POST at {case}, times the bare Django view",
            book.ratios(SECTION, case, PRODUCT, PEER),
            1,
            at_least=True,
        )
