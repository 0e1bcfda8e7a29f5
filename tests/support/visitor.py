"""Somebody at the pages without a browser: signs in by a persona's button and keeps the cookies."""

import re

import httpx


class Visitor:
    def __init__(self, system, key="bell"):
        self.client = httpx.Client(base_url=system.url(""), timeout=30, follow_redirects=True)
        self.client.get("/demo/")
        self.post(f"/demo/be/{key}/")

    def get(self, path):
        """The page as text. What differs at each request, the form tokens, is taken out."""
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.text)

    def post(self, path, **fields):
        token = next(value for name, value in self.client.cookies.items() if "csrf" in name)
        return self.client.post(
            path,
            data={**fields, "csrfmiddlewaretoken": token},
            headers={"Referer": str(self.client.base_url)},
        )

    def close(self):
        self.client.close()
