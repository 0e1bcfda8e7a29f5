"""Somebody at a screen: a fresh browser profile that notes where it went and what went wrong on the way."""

from chromium_driver import chromium
from playwright.sync_api import Page

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


class Desk:
    """One profile with one page. ``faults`` are script errors, refused content and answers of 400 and above."""

    def __init__(self, system, size="desk", theme="light", **options):
        self.system = system
        width, height = SIZES[size]
        self.context = chromium().new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            base_url=system.url(""),
            has_touch=size == "phone",
            **options,
        )
        self.addresses, self.faults, self.loads = [], [], 0
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("request", lambda request: self.addresses.append(request.url))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.on("framenavigated", self._loaded)

    def _loaded(self, frame):
        if frame == self.page.main_frame:
            self.loads += 1
            self.addresses.append(frame.url)

    def be(self, who, path="/"):
        """Open ``path``, be asked who one is, and press that persona's button."""
        self.page.goto(path)
        self.page.get_by_role("button", name=f"Be {who},").click()
        self.page.wait_for_url(self.system.url(path))
        return self.page

    def clock(self, *buttons):
        """Press buttons of the demo clock's bar, as a person does."""
        for name in buttons:
            with self.page.expect_navigation():
                jump = self.page.locator(".demo-more summary")
                button = self.page.get_by_role("button", name=name, exact=True)
                if not button.is_visible():
                    jump.click()
                button.click()

    def sideways(self):
        """By how many pixels the page can be moved to the side."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def close(self):
        self.context.close()
