"""A narrative's XHTML, or a report sent as HTML, as the lines a person would see. Pure."""

import re
from html.parser import HTMLParser

_BLOCK_TAGS = (
    "address article blockquote caption center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr"
    " li main nav ol p pre section table tbody tfoot thead tr ul"
)
BLOCKS = frozenset(_BLOCK_TAGS.split())
CELLS = frozenset({"td", "th"})
UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_SPACES = re.compile(r"[ \t\r\n\f]+")


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._unseen = self._kept = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        elif tag == "pre":
            self._kept += 1
        if tag == "br" or tag in BLOCKS:
            self.lines.append("")
        elif tag in CELLS and self.lines[-1]:
            self.lines[-1] += " "

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or tag in BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "pre":
            self._kept = max(0, self._kept - 1)
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._kept:
            first, *more = data.replace("\r\n", "\n").split("\n")
            self.lines[-1] += first
            self.lines += more
        else:
            self.lines[-1] += _SPACES.sub(" ", data)


def lines_of(markup: str) -> str:
    """The visible text, a block or ``<br/>`` a line, without empty lines."""
    reader = _Lines()
    reader.feed(markup)
    reader.close()
    return "\n".join(line.strip() for line in reader.lines if line.strip())
