"""Reports in prose written from findings, with many words for each: what the property tests read back."""

from hypothesis import strategies as st

GRADE = {
    "0": ("There is no epidural disease.", "No epidural extension.", "The tumour is confined to bone."),
    "1a": ("There is epidural tumour without deformation of the thecal sac.", "ESCC 1a.", "Bilsky one-a."),
    "1b": (
        "Epidural tumour indents the thecal sac without touching the cord.",
        "Bilsky 1b.",
        "Epidural disease deforms the thecal sac, and CSF is preserved around the cord.",
    ),
    "1c": ("Epidural tumour abuts the cord without cord compression.", "ESCC grade 1 c.", "Bilsky one see."),
    "2": ("Epidural tumour compresses the cord, with residual CSF.", "ESCC 2.", "Bilsky grade two."),
    "3": ("Epidural tumour compresses the cord and no CSF is seen.", "Bilsky 3.", "ESCC grade III."),
}
SAC = {
    "none": ("No epidural disease.",),
    "mild": ("Epidural tumour mildly narrows the thecal sac.", "Mild thecal sac compression by tumour."),
    "moderate": ("Epidural tumour moderately narrows the thecal sac.",),
    "severe": ("Epidural tumour severely compresses the thecal sac.", "Tumour obliterates the thecal sac."),
}
ITEM = {
    "lesion": {"lytic": ("lytic",), "blastic": ("sclerotic", "blastic"), "mixed": ("mixed lytic and sclerotic",)},
    "collapse": {
        "none": ("No height loss.", "Height is preserved."),
        "lt50": ("There is 30% loss of height.", "Height loss of 20%."),
        "gt50": ("There is 70% loss of height.", "More than 50% height loss."),
    },
    "alignment": {
        "normal": ("Alignment is normal.", "No subluxation."),
        "deformity": ("There is new focal kyphosis at the metastasis.",),
        "subluxation": ("There is subluxation at the metastasis.",),
    },
    "posterolateral": {
        "none": ("The posterior elements are spared.",),
        "unilateral": ("Tumour involves the left pedicle.", "Tumour extends into the right lamina."),
        "bilateral": ("Tumour involves both pedicles.", "Bilateral pedicle involvement by tumour."),
    },
    "cord_signal": {
        "absent": ("No cord signal abnormality.",),
        "present": ("There is abnormal T2 signal in the cord.",),
    },
}  # fmt: skip
CORD = ("C3", "C7", "T1", "T4", "T8", "T11")
CAUDA = ("L2", "L3", "L4", "L5")


def one_level(*, cauda: bool = False):
    """Findings of one level with tumour: a word for each item, or None for silence."""
    grade = st.sampled_from([None, *(SAC if cauda else GRADE)])
    items = {
        item: st.sampled_from([None, *words])
        for item, words in ITEM.items()
        if not (cauda and item == "cord_signal")
    }
    return st.fixed_dictionaries({"grade": grade, **items})


def paragraph(level, said, chance):
    """The level in prose; ``chance`` picks among wordings."""
    kind = chance.choice(ITEM["lesion"][said["lesion"]]) + " " if said["lesion"] else ""
    sentences = [f"{level}: {kind}metastasis."]
    rest = []
    if said["grade"] is not None:
        rest.append(chance.choice((SAC if level in CAUDA else GRADE)[said["grade"]]))
    rest += [chance.choice(ITEM[item][said[item]]) for item in ITEM if item != "lesion" and said.get(item)]
    chance.shuffle(rest)
    return " ".join(sentences + rest)


def report(levels, chance):
    """A whole report of ``{level: findings}``."""
    head = [
        "CLINICAL HISTORY: Breast cancer, back pain.",
        "TECHNIQUE: Sagittal T1, T2 and STIR images.",
        "FINDINGS:",
    ]
    body = [paragraph(level, said, chance) for level, said in levels.items()]
    return "\n".join([*head, "The conus terminates at L1.", *body, ""])
