"""A watcher that has just begun, with a state folder of its own."""

import pytest

from soar2.watch import chain


@pytest.fixture(autouse=True)
def fresh_watcher(settings, tmp_path):
    """What one process keeps between its looks is of that process: here, of one test."""
    settings.HOME = tmp_path
    chain.CHAIN.__init__()
