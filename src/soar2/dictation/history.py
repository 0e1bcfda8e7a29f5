"""Whether a report's own history says that cancer is known. A question asked of the scan is not a history."""

import re

_HISTORY = re.compile(
    r"^[ \t]*(?:clinical(?: history| information| indication| data)?|indications?|history|reason(?: for (?:exam|study))?)"
    r"[ \t]*[:\-][ \t]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_CANCER = re.compile(
    r"\b(?:cancer|carcinoma|adenocarcinoma|metasta\w+|myeloma|lymphoma|melanoma|sarcoma|malignan\w+|neoplasm|oncolog\w+)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\?|\b(?:no|not|without|denies|never|negative|family|mother|father|sister|brother|rule out|r/o|exclude|evaluate for"
    r"|assess for|query|suspected|possible|concern)\b",
    re.IGNORECASE,
)


def names_cancer(text: str) -> bool:
    """True when a line headed history, indication or the like states a cancer, in a clause that neither
    denies it, asks for it, nor speaks of the family."""
    for line in _HISTORY.finditer(text):
        for clause in re.split(r"[.;,]", line[1]):
            if _CANCER.search(clause) and not _ASKED.search(clause):
                return True
    return False
