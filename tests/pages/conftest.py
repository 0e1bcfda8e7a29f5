"""The sample pages, served to tests under the product's content policy, and a real Chromium to open them."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sheet():
    """The module that makes the sample pages."""
    spec = importlib.util.spec_from_file_location("soar2_sheet", Path(__file__).with_name("sheet.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def address(sheet):
    """Where the sample pages are served."""
    server, found = sheet.serve()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven."""
    from chromium_driver import chromium

    return chromium()


@pytest.fixture
def open_page(chromium, address):
    """Opens a sample page; fails the test on any script error or policy violation the browser reports."""
    contexts, complaints = [], []

    def opened(name, *, width=1440, theme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/{name}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
