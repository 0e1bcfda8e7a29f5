"""One Chromium for the whole test process: the driver can be started once in a thread."""

import atexit
from functools import cache

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@cache
def chromium():
    """Debian's Chromium, started when first asked for and closed when the process ends."""
    from playwright.sync_api import sync_playwright

    driver = sync_playwright().start()
    browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
    atexit.register(lambda: (browser.close(), driver.stop()))
    return browser
