"""Test patients in production: people who do not exist, by the patterns of ``[test_patients]``. Pure.

An interface team files a report for ZZTEST on a live system sooner or later. It is answered like any other,
and nobody is woken for it.
"""

import re
from functools import lru_cache

from soar2.exchange.hl7v2.types import Patient
from soar2.record.programme import TestPatients

TEST_PATIENT = "Test patient"


def is_test(patient: Patient, patterns: TestPatients) -> bool:
    """Whether one of the patient's numbers, or the name, is one of a test patient's.

    A pattern must match the whole, whatever the case. A name is tried as FAMILY, as ``FAMILY^GIVEN`` and as
    ``GIVEN FAMILY``.
    """
    numbers = [number.value for number in patient.stated]
    family, given = patient.family, patient.given
    names = [family, f"{family}^{given}", f"{given} {family}"] if family or given else []
    return _any(patterns.numbers, numbers) or _any(patterns.names, names)


def _any(patterns: tuple[str, ...], words: list[str]) -> bool:
    return any(_pattern(pattern).fullmatch(word.strip()) for pattern in patterns for word in words)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
