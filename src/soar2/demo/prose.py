"""Report text: an indication, technique, findings in words, an impression, and the macro that agrees with them. Pure."""

from datetime import datetime

from soar2.demo.events import ZONE, Finding, Procedure, Someone

MARK = "Synthetic demonstration report. No real person."

_EPIDURAL = {
    "0": "No epidural extension at {level}.",
    "1a": "Epidural tumour without deformity of the thecal sac.",
    "1b": "Epidural tumour indents the thecal sac; fluid remains between tumour and cord.",
    "1c": "Epidural tumour deforms the thecal sac and touches the cord, which keeps its shape.",
    "2": "Epidural tumour compresses the cord; some fluid is still seen around it.",
    "3": "Epidural tumour compresses the cord; no fluid is seen around it.",
}
_BELOW = {
    "none": "No epidural extension at {level}.",
    "mild": "Epidural tumour indents the thecal sac mildly; the roots are free.",
    "moderate": "Epidural tumour narrows the thecal sac moderately.",
    "severe": "Epidural tumour compresses the cauda equina severely; no fluid is seen around the roots.",
}
_COLLAPSE = {
    "none": "Height is kept.",
    "<50%": "Less than half of the height is lost.",
    ">50%": "More than half of the height is lost.",
}
_ELEMENTS = {
    "none": "The posterior elements are free.",
    "unilateral": "One pedicle is involved.",
    "bilateral": "Both pedicles are involved.",
}
_ALIGNMENT = {
    "normal": "",
    "deformity": "New kyphosis at this level.",
    "subluxation": "Subluxation at this level.",
}
_SIGNAL = {
    "normal": "Cord signal is normal.",
    "new": "Cord signal is abnormal at this level, new.",
    "old": "Cord signal change at this level is old and unchanged.",
}
_CHANGE = {"new": "New.", "progressed": "Progressed.", "stable": "Unchanged.", "improved": "Improved."}


def report(
    who: Someone,
    procedure: Procedure,
    findings: tuple[Finding, ...],
    *,
    on: datetime,
    before: datetime | None = None,
    why: str = "Follow-up of known spinal disease.",
    macro: bool = True,
    more: str = "",
) -> str:
    """The whole text. ``before`` is the date of the exam it is compared with, ``more`` a last paragraph."""
    parts = [
        f"EXAM: {procedure.name}",
        f"INDICATION: {who.age(on.date())}-year-old {'woman' if who.sex == 'F' else 'man'} with {who.primary}. {why}",
        f"COMPARISON: {_day(before) if before else 'None available'}.",
        f"TECHNIQUE: {technique(procedure)}",
        "FINDINGS:",
        *(described(finding) for finding in findings),
        "Elsewhere the marrow signal is within normal limits. No epidural disease at other levels."
        if findings
        else "No metastasis is seen. Vertebral heights, alignment and cord signal are normal. Canal is wide.",
        "IMPRESSION:",
        *impression(findings),
        *([more] if more else []),
        *(["", *macro_lines(findings)] if macro else []),
        "",
        MARK,
    ]
    return "\n".join(parts)


def _day(at: datetime) -> str:
    day = at.astimezone(ZONE)
    return f"{day.day} {day:%b %Y}"


def technique(procedure: Procedure) -> str:
    return (
        f"Multiplanar T1, T2 and STIR images of the {procedure.region} spine before and after gadolinium, "
        "axial T2 through abnormal levels."
    )


def described(finding: Finding) -> str:
    """One level in words that say what its macro line says."""
    treated = f" treated ({finding.treated})" if finding.treated else ""
    words = [
        f"{finding.level}: {finding.lesion.capitalize()}{treated} metastasis.",
        _COLLAPSE[finding.collapse],
        _ELEMENTS[finding.posterolateral],
        _ALIGNMENT[finding.alignment],
        (_BELOW if finding.below else _EPIDURAL)[finding.grade].format(level=finding.level),
        "" if finding.below or finding.grade == "0" else _SIGNAL[finding.signal],
        _CHANGE[finding.status],
    ]
    return " ".join(word for word in words if word)


def impression(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return ["No spinal metastasis."]
    return [f"{n}. {concluded(finding)}" for n, finding in enumerate(findings, 1)]


def concluded(finding: Finding) -> str:
    what = "treated metastasis" if finding.treated else "metastasis"
    if finding.grade in ("0", "none"):
        return f"{finding.level} {what} in bone only. {_CHANGE[finding.status]}"
    scale = f"sac compression {finding.grade}" if finding.below else f"epidural grade {finding.grade}"
    return f"{finding.level} {what}, {scale}. {_CHANGE[finding.status]}"


def macro_lines(findings: tuple[Finding, ...]) -> list[str]:
    """The structured part, as the dictation template prints it."""
    return [
        "SPINE ONCOLOGY MACRO",
        "Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.",
        *(_line(finding) for finding in findings),
        "Other levels: no epidural disease.",
    ]


def _line(finding: Finding) -> str:
    grade = f"Below conus {finding.grade}" if finding.below else f"ESCC {finding.grade}"
    items = [
        f"Level {finding.level}",
        grade,
        f"Treated {finding.treated}" if finding.treated else "",
        "" if finding.below else f"Cord signal {finding.signal}",
        f"Lesion {finding.lesion}",
        f"Alignment {finding.alignment}",
        f"Collapse {finding.collapse}",
        f"Posterolateral {finding.posterolateral}",
        f"Status {finding.status}",
    ]
    return " | ".join(item for item in items if item)
