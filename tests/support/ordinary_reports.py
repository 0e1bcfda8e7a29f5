"""Ordinary spine MRI reports, as a department writes them by the hundred: wear, discs, old fractures, nothing.

Made from our own phrase tables with a seed, so that the same number gives the same report everywhere. Not one
of them is about tumour, none describes a danger, and nobody need be asked to look: lane none, no review. Where
a cancer is named (an indication, a question) the report answers that there is no metastasis, for otherwise the
lane table asks for review.
"""

import random
from dataclasses import dataclass

LUMBAR = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
CERVICAL = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
THORACIC = ("T6-T7", "T7-T8", "T8-T9", "T9-T10", "T10-T11")

_AGES = range(24, 92)
_SEX = (("man", "his"), ("woman", "her"), ("male", "his"), ("female", "her"))
_COMPLAINTS = {
    "lumbar": (
        "low back pain",
        "left leg pain",
        "right sciatica",
        "neurogenic claudication",
        "back pain after lifting",
        "lumbago radiating to both buttocks",
        "chronic back pain, failed physiotherapy",
        "foot numbness",
        "low back pain, rule out disc herniation",
        "leg weakness, r/o cauda equina compression",
        "back pain, ?cord compression",
    ),
    "cervical": (
        "neck pain",
        "left arm pain",
        "right C6 radiculopathy",
        "numb fingers",
        "neck pain after a collision",
        "cervical spondylosis, follow-up",
        "clumsy hands, rule out cord compression",
        "headache and neck stiffness",
    ),
    "thoracic": (
        "mid back pain",
        "thoracic pain",
        "interscapular pain",
        "girdle pain, evaluate for cord compression",
        "back pain in osteoporosis",
        "pain after a fall",
    ),
}
_CANCERS = (
    "History of breast cancer.",
    "Prostate cancer, evaluate for metastasis.",
    "Remote melanoma, rule out metastases.",
    "Lung nodule, staging.",
    "Known colon cancer.",
)
_CANCER_ANSWERS = (
    "No evidence of metastatic disease.",
    "No osseous metastasis.",
    "No metastasis and no epidural tumor.",
    "There is no suspicious marrow lesion to suggest metastasis.",
)
_TECHNIQUES = (
    "Sagittal T1, T2 and STIR, axial T2.",
    "Multiplanar multisequence MRI without contrast.",
    "Standard departmental protocol.",
    "Sagittal T1 and T2, axial T1 and T2 through the discs.",
    "3T. Sag T1/T2/STIR, ax T2.",
)
_COMPARISONS = (
    "None.",
    "MRI of two years ago.",
    "Radiographs of last week.",
    "None available.",
    "Outside MRI, report only.",
)
_ALIGNMENTS = (
    "Alignment is normal.",
    "Straightening of the lordosis, likely spasm.",
    "Normal alignment.",
    "Grade 1 degenerative anterolisthesis of {a} on {b}.",
    "Mild dextroscoliosis.",
    "Vertebral alignment is maintained.",
    "Trace retrolisthesis of {a} on {b}.",
    "",
)
_MARROW = (
    "Bone marrow signal is normal.",
    "Vertebral body heights are preserved. Marrow signal is unremarkable.",
    "Modic type 2 end plate change at {d}.",
    "No suspicious marrow lesion.",
    "Small haemangioma in {v}.",
    "Schmorl node at the superior end plate of {v}.",
    "Chronic mild wedge deformity of {v}, no edema.",
    "No fracture.",
    "Old osteoporotic compression fracture of {v} with 20% height loss, unchanged.",
    "Marrow signal is heterogeneous but within normal limits for age.",
    "Modic type 1 end plate edema at {d}, degenerative.",
    "Tiny bone island in {v}.",
    "Mild chronic compression fracture of {v}.",
    "Acute osteoporotic compression fracture of {v}, 15% height loss, no retropulsion.",
    "Limbus vertebra at {v}.",
    "No compression fracture.",
    "",
)
_CORD = {
    "lumbar": (
        "The conus terminates at L1 and is normal.",
        "Conus at L1-L2, normal signal.",
        "Conus medullaris normal.",
        "The conus ends behind T12-L1. Cauda equina roots are normal.",
        "",
    ),
    "cervical": (
        "The cervical cord is normal in size and signal.",
        "No cord signal abnormality.",
        "Cord signal is normal. No cord compression.",
        "Craniocervical junction normal. Cord unremarkable.",
        "",
    ),
    "thoracic": (
        "Thoracic cord normal.",
        "Normal cord caliber and signal.",
        "No cord compression. No abnormal cord signal.",
        "The cord is unremarkable.",
        "",
    ),
}
_DISC_NORMAL = ("Normal.", "Unremarkable.", "No significant abnormality.", "Negative.", "No disc herniation.")
_DISCS = (
    "{s} disc bulge",
    "{s} broad based disc bulge with {x} facet arthropathy",
    "{s} {side} paracentral disc protrusion",
    "central disc protrusion, {s} in size",
    "disc desiccation and height loss with {x} facet hypertrophy",
    "disc osteophyte complex",
    "{s} {side} foraminal disc protrusion",
    "annular fissure with {s} bulge",
    "bulging disc and ligamentum flavum thickening",
    "{side} subarticular disc extrusion",
)
_EFFECTS = {
    "lumbar": (
        "no canal stenosis",
        "mild canal stenosis",
        "moderate canal stenosis",
        "effacement of the ventral thecal sac",
        "indenting the ventral thecal sac",
        "abutting the traversing {side} nerve root",
        "mild {side} foraminal narrowing",
        "moderate bilateral foraminal narrowing",
        "severe {side} foraminal stenosis",
        "compressing the traversing {side} root in the lateral recess",
        "mild to moderate narrowing of the central canal",
        "no compression of the cauda equina",
        "no nerve root compression",
        "mild mass effect on the thecal sac",
        "mildly compressing the thecal sac",
        "with mass effect on the {side} nerve root",
        "crowding of the cauda equina roots, mild",
    ),
    "cervical": (
        "no canal stenosis",
        "mild canal stenosis",
        "moderate {side} foraminal narrowing",
        "severe {side} foraminal stenosis",
        "indenting the ventral thecal sac",
        "effacing the ventral CSF without contacting the cord",
        "contacting the ventral cord without deforming it",
        "no cord compression",
        "mild canal narrowing, CSF preserved around the cord",
        "slight flattening of the ventral cord without signal change",
        "minimal mass effect on the cord, normal cord signal",
    ),
    "thoracic": (
        "no canal stenosis",
        "slightly indenting the thecal sac",
        "without cord contact",
        "no cord compression",
        "mild effacement of the ventral CSF",
        "touching the ventral cord, no deformity",
    ),
}
_EXTRAS = (
    "Paraspinal muscle atrophy.",
    "Simple renal cysts are partly seen.",
    "Postoperative change of left L5 laminotomy, no recurrent disc.",
    "Epidural lipomatosis at the lumbosacral junction.",
    "Small facet synovial cyst.",
    "Prior epidural steroid injection noted.",
    "Tarlov cyst at S2.",
    "No epidural hematoma or abscess.",
    "No paraspinal mass.",
    "No epidural mass.",
    "Prior lumbar fusion hardware is intact.",
    "Mild facet joint effusion.",
    "Sacroiliac joints partly seen, mild degenerative change.",
    "Mild atherosclerosis of the aorta.",
    "Thyroid nodule, ultrasound suggested.",
)
_IMPRESSIONS = (
    "Degenerative changes as described.",
    "Multilevel spondylosis, most pronounced at {d}.",
    "{d} disc disease as above.",
    "No acute finding.",
    "Mild degenerative disc disease without high-grade stenosis.",
    "No significant change since the prior study.",
    "Disc protrusion at {d}.",
    "Mild to moderate degenerative stenosis at {d}.",
    "Normal for age.",
)
_RECOMMENDATIONS = (
    "",
    "",
    "",
    "Clinical correlation advised.",
    "Consider pain clinic referral.",
    "Return if symptoms of cauda equina compression develop.",
    "Electromyography could help.",
)


@dataclass(frozen=True, slots=True)
class OrdinaryReport:
    name: str
    region: str
    text: str


def ordinary_reports(count: int = 420, seed: int = 5) -> list[OrdinaryReport]:
    """The first ``count`` reports of a seed: about six in ten lumbar, the others cervical and thoracic."""
    return [_report(n, random.Random(f"{seed}/{n}")) for n in range(count)]


def _report(number: int, dice: random.Random) -> OrdinaryReport:
    region = dice.choices(("lumbar", "cervical", "thoracic"), (6, 3, 1))[0]
    levels = {"lumbar": LUMBAR, "cervical": CERVICAL, "thoracic": THORACIC}[region]
    worst = dice.choice(levels)
    cancer = dice.random() < 0.12
    style = dice.choice((_headed, _headed, _listed, _prose, _terse))
    text = style(dice, region, levels, worst, cancer)
    return OrdinaryReport(f"ordinary-{number:03}", region, _typed(dice, text))


def _fill(dice: random.Random, words: str, worst: str) -> str:
    upper, lower = worst.split("-")
    return words.format(
        a=upper,
        b=lower,
        d=worst,
        v=upper,
        s=dice.choice(("mild", "small", "moderate", "minimal", "shallow")),
        x=dice.choice(("mild", "moderate", "bilateral", "severe")),
        side=dice.choice(("left", "right")),
    )


def _some(dice: random.Random, table: tuple[str, ...], worst: str) -> str:
    return _fill(dice, dice.choice(table), worst)


def _disc(dice: random.Random, region: str, level: str) -> str:
    """What a disc looks like and does; of the canal, sac and cord only one thing is said."""
    words, canal = [_some(dice, _DISCS, level)], False
    for _ in range(dice.choice((0, 1, 1, 2))):
        effect = _some(dice, _EFFECTS[region], level)
        of_canal = any(word in effect for word in ("canal", "sac", "CSF", "cord", "cauda"))
        if effect not in words and not (canal and of_canal):
            words.append(effect)
        canal = canal or of_canal
    sentence = ", ".join(words)
    return sentence[0].upper() + sentence[1:] + "."


def _level_lines(dice: random.Random, region: str, levels: tuple[str, ...], worst: str) -> list[str]:
    return [
        f"{level}: {_disc(dice, region, level) if level == worst or dice.random() < 0.45 else dice.choice(_DISC_NORMAL)}"
        for level in levels
    ]


def _indication(dice: random.Random, region: str, cancer: bool) -> str:
    sex, _ = dice.choice(_SEX)
    words = f"{dice.choice(_AGES)} year old {sex} with {dice.choice(_COMPLAINTS[region])}."
    return f"{words} {dice.choice(_CANCERS)}" if cancer else words


def _conclusion(dice: random.Random, worst: str, cancer: bool) -> list[str]:
    lines = list(dict.fromkeys(_some(dice, _IMPRESSIONS, worst) for _ in range(dice.choice((1, 1, 2)))))
    if cancer:
        lines.insert(dice.choice((0, len(lines))), dice.choice(_CANCER_ANSWERS))
    return lines


def _findings(dice: random.Random, region: str, worst: str) -> list[str]:
    parts = [_some(dice, _ALIGNMENTS, worst), _some(dice, _MARROW, worst), dice.choice(_CORD[region])]
    return [part for part in parts if part]


def _headed(dice: random.Random, region: str, levels: tuple[str, ...], worst: str, cancer: bool) -> str:
    lines = [
        dice.choice(
            (
                f"MRI {region.upper()} SPINE",
                f"EXAM: MRI {region} spine without contrast",
                f"MR {region} spine",
            )
        ),
        f"{dice.choice(('INDICATION', 'HISTORY', 'CLINICAL HISTORY', 'Reason for exam'))}: {_indication(dice, region, cancer)}",
        f"COMPARISON: {dice.choice(_COMPARISONS)}",
        f"TECHNIQUE: {dice.choice(_TECHNIQUES)}",
        "FINDINGS:",
        " ".join(_findings(dice, region, worst)),
        *_level_lines(dice, region, levels, worst),
        dice.choice(_EXTRAS) if dice.random() < 0.4 else "",
        "IMPRESSION:",
        *(f"{n}. {line}" for n, line in enumerate(_conclusion(dice, worst, cancer), 1)),
        dice.choice(_RECOMMENDATIONS),
    ]
    return "\n".join(line for line in lines if line)


def _listed(dice: random.Random, region: str, levels: tuple[str, ...], worst: str, cancer: bool) -> str:
    lines = [
        f"{region.capitalize()} spine MRI. {_indication(dice, region, cancer)}",
        *(f"- {line}" for line in _level_lines(dice, region, levels, worst)),
        *(f"- {line}" for line in _findings(dice, region, worst)),
        "Conclusion: " + " ".join(_conclusion(dice, worst, cancer)),
    ]
    return "\n".join(lines)


def _prose(dice: random.Random, region: str, levels: tuple[str, ...], worst: str, cancer: bool) -> str:
    affected = [level for level in levels if level == worst or dice.random() < 0.35]
    body = [
        f"Clinical details: {_indication(dice, region, cancer)}",
        *_findings(dice, region, worst),
        *(f"At {level} there is {_lower(_disc(dice, region, level))}" for level in affected),
        "The remaining levels are unremarkable.",
        dice.choice(_EXTRAS) if dice.random() < 0.4 else "",
        *_conclusion(dice, worst, cancer),
        dice.choice(_RECOMMENDATIONS),
    ]
    return " ".join(part for part in body if part)


def _terse(dice: random.Random, region: str, levels: tuple[str, ...], worst: str, cancer: bool) -> str:
    letter = {"lumbar": "L", "cervical": "C", "thoracic": "T"}[region]
    lines = [
        f"{letter}-spine MRI",
        dice.choice(_CANCERS) if cancer else "",
        f"{worst} {_lower(_disc(dice, region, worst))}",
        dice.choice(_MARROW[:1] + _MARROW[7:8]),
        "Imp: " + " ".join(_conclusion(dice, worst, cancer)),
    ]
    return "\n".join(line for line in lines if line)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _typed(dice: random.Random, text: str) -> str:
    """As it arrives: in capitals, wrapped, with other line ends, in UK spelling."""
    if dice.random() < 0.1:
        text = text.upper()
    if dice.random() < 0.2:
        text = "\n".join(_wrapped(line, dice.choice((40, 60, 72))) for line in text.split("\n"))
    if dice.random() < 0.3:
        for here, there in (
            ("edema", "oedema"),
            ("hematoma", "haematoma"),
            ("tumor", "tumour"),
            ("caliber", "calibre"),
        ):
            text = text.replace(here, there)
    return text.replace("\n", "\r\n") + "\r\n" if dice.random() < 0.15 else text + "\n"


def _wrapped(line: str, width: int) -> str:
    rows, row = [], ""
    for word in line.split(" "):
        if row and len(row) + 1 + len(word) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return "\n".join([*rows, row])
