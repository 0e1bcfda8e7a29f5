"""The whole system once a module, and screens in front of it that must stay free of faults."""

import pytest
from desk import Desk
from sample_reports import at
from whole_system import WholeSystem


@pytest.fixture(scope="module")
def system(request):
    """Real processes, a real mail server, an empty database. ``STARTS`` of the module says what time it is."""
    whole = WholeSystem()
    try:
        whole.start(at=getattr(request.module, "STARTS", at("10 14:05")))
        yield whole
    finally:
        whole.stop()


@pytest.fixture
def desk(system):
    """Opens screens; afterwards none of them may have met a script error or refused content.

    A refusal (409) is an answer, not a fault; Chromium lists it as a resource that failed to load.
    """
    desks = []

    def opened(*args, **options):
        desks.append(Desk(system, *args, **options))
        return desks[-1]

    yield opened
    for one in desks:
        one.close()
    assert [fault for one in desks for fault in one.faults if "status of 409" not in fault] == []
