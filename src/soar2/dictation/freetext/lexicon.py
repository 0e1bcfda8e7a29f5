"""The words that the grammar knows, each with its tag. Everything else in a sentence is filler.

A phrase is written once with ``|`` between alternatives of one word; American and British spellings are made the
same word first (``plain_word``). The longest phrase wins, so *compression fracture* is no compression.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple


class Entry(NamedTuple):
    """What a phrase stands for: its tags and, for an action, its group and form (``press v``)."""

    tags: frozenset[str]
    action: str = ""


_SAME = {
    "tumor": "tumour", "tumors": "tumour", "tumours": "tumour", "tumoral": "tumour", "tumoural": "tumour",
    "hematoma": "haematoma", "hematomas": "haematoma", "haematomas": "haematoma", "edema": "oedema",
    "metastases": "metastasis", "mets": "metastasis", "metastasi": "metastasis", "metastatis": "metastasis",
    "hemangioma": "haemangioma", "hemangiomas": "haemangioma", "haemangiomas": "haemangioma",
    "hemangiomata": "haemangioma", "haemangiomata": "haemangioma", "disk": "disc", "disks": "disc", "discs": "disc",
    "lesions": "lesion", "masses": "mass", "deposits": "deposit", "fractures": "fracture", "fractured": "fracture",
    "diskitis": "discitis", "spondylodiskitis": "discitis", "spondylodiscitis": "discitis", "abscesses": "abscess",
    "pedicles": "pedicle", "laminae": "lamina", "laminas": "lamina", "facets": "facet", "bodies": "body",
    "vertebrae": "vertebra", "vertebras": "vertebra", "roots": "root", "nerves": "nerve", "levels": "level",
    "elements": "element", "joints": "joint", "processes": "process", "spaces": "space", "pathological": "pathologic",
    "osteolytic": "lytic", "osteoblastic": "blastic", "osteosclerotic": "sclerotic", "plasmocytoma": "plasmacytoma",
    "lymphomatous": "lymphoma", "myelomatous": "myeloma", "malignancies": "malignancy", "neoplasms": "neoplasm",
    "neoplastic": "neoplasm", "foramina": "foramen", "foraminal": "foramen", "hyperintense": "hyperintensity",
    "collapsed": "collapse", "involves": "involve", "involving": "involve", "involved": "involve",
    "involvement": "involve", "changes": "change", "abnormalities": "abnormality", "unchanged": "unchanged",
    "extends": "extend", "extending": "extend", "extended": "extend", "extension": "extension",
    "invades": "invade", "invading": "invade", "invasion": "invade", "encroaches": "encroach",
    "protrudes": "extend", "bulges": "bulge", "bulging": "bulge", "destroyed": "destruction",
    "destroying": "destruction", "destroys": "destruction", "infiltrates": "infiltrate", "infiltrating": "infiltrate",
    "infiltrated": "infiltrate", "infiltration": "infiltrate", "infiltrative": "infiltrate",
    "studies": "study", "demonstrate": "show", "reveal": "show", "reveals": "show", "exams": "exam", "examination": "exam", "shows": "show", "showed": "show", "showing": "show",
    "demonstrates": "show", "demonstrated": "show", "demonstrating": "show", "reveals": "show", "revealed": "show",
    "recommended": "recommend", "recommends": "recommend", "recommendation": "recommend", "advised": "recommend",
    "replaces": "replace", "replaced": "replace", "replacing": "replace", "replacement": "replace",
    "destructive": "destruction", "met": "metastasis", "fx": "fracture", "fxs": "fracture", "dz": "disease", "chord": "cord",
    "epid": "epidural", "cancers": "cancer", "path": "pathologic", "sarcomas": "sarcoma", "metastatis": "metastasis", "expanding": "extend",
    "nodules": "nodule", "vertebral_body": "body", "metastasised": "metastasis", "metastasized": "metastasis", "litic": "lytic", "comp": "compression", "ligamentous": "ligamentum",
}  # fmt: skip


def plain_word(word: str) -> str:
    """One spelling for each word of the lexicon."""
    return _SAME.get(word, word)


# ---------------------------------------------------------------------------------- misspelt words
# One letter wrong, missing, doubled or swapped in a long word whose loss would hide a finding.

_SPELT = (
    """metastasis metastatic metastases compression compressing compresses compressed epidural extradural thecal obliterated
    obliterates effacement effaced myeloma plasmacytoma lymphoma malignant subluxation collapse bilateral unilateral pathologic
    fracture indenting indents deforming deforms flattening flattens displacing displaces abutting contacting haematoma abscess
    hyperintensity posterior pedicle sclerotic blastic progression unchanged extension vertebral stenosis cauda equina""".split()  # noqa: SIM905
)


def _shortened(word: str) -> set[str]:
    return {word[:n] + word[n + 1 :] for n in range(len(word))}


_NEIGHBOURS: dict[str, str] = {}
for _word in _SPELT:
    if len(_word) >= 7:
        for _short in _shortened(_word) | {_word}:
            _NEIGHBOURS.setdefault(_short, _word)


@lru_cache(maxsize=8192)
def respelt(word: str) -> str:
    """The known word that ``word`` misspells by one letter, else ``word`` itself."""
    if len(word) < 7 or word in _SAME or (word,) in PHRASES or not word.isascii():
        return word
    known = _NEIGHBOURS.get(word)
    if known is None:
        known = next((_NEIGHBOURS[s] for s in _shortened(word) if s in _NEIGHBOURS), None)
    if known is None or known[0] != word[0] or abs(len(known) - len(word)) > 1 or known[:-1] == word or known + "s" == word:
        return word
    return known


# ------------------------------------------------------------------------------------------ actions
# What tumour does to the sac, the cord, the fluid or the canal. Forms: v (compresses), g (compressing),
# p (compressed), n (compression).

_VERBS = {
    "press": ("compress", "flatten", "deform", "distort", "displac:e", "squeez:e", "squash", "imping:e", "indent", "impress",
              "pinch", "buckl:e", "splay", "constrict", "crush", "crowd", "effect", "kink", "efface*", "push",
              "shift", "drap:e", "bow", "mold", "mould", "stretch", "nudg:e", "wedg*"),
    "efface": ("effac:e", "obliterat:e", "occlud:e"),
    "touch": ("abut+t", "contact", "touch", "abutt", "reach", "kiss"),
    "encase": ("encas:e", "surround", "encircl:e", "envelop"),
    "narrow": ("narrow", "stenos:e", "compromis:e", "attenuat:e", "encroach"),
    "fill": ("fill", "occupy"),
}  # fmt: skip
_NOUNS = {
    "press": ("compression", "deformity", "deformation", "distortion", "displacement", "impingement", "indentation",
              "impression*", "mass effect", "impact*", "tethering*"),
    "efface": ("effacement", "obliteration", "occlusion"),
    "touch": ("abutment",),
    "encase": ("encasement", "encirclement"),
    "narrow": ("narrowing", "stenosis", "stenoses", "compromise", "encroachment"),
}  # fmt: skip


def _verb_forms(verb: str) -> dict[str, str]:
    stem, _, ending = verb.partition(":")
    stem, _, doubled = stem.partition("+")
    base = stem + ending
    joined = stem + doubled
    s = base + ("es" if base.endswith(("ss", "sh", "ch")) else "s")
    return {base: "v", s: "v", joined + "ing": "g", joined + "ed": "p"}


def _actions() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for group, verbs in _VERBS.items():
        for verb in verbs:
            if not verb.endswith("*") and verb != "effect":
                for form, kind in _verb_forms(verb).items():
                    found[form] = Entry(frozenset(("ACT",)), f"{group} {kind}")
    for group, nouns in _NOUNS.items():
        for noun in nouns:
            if not noun.endswith("*"):
                found[noun] = Entry(frozenset(("ACT",)), f"{group} n")
    for word in ("thinned", "thinning"):
        found[word] = Entry(frozenset(("ACT",)), f"press {'p' if word.endswith('ed') else 'g'}")
    found["mass affect"] = found["mass effect"]
    found["occupies"] = found["occupy"]
    for phrase in ("impression on", "impression upon", "pressure on", "impressing on"):
        found[phrase] = Entry(frozenset(("ACT",)), "press v")
    for phrase in ("lies against", "lie against", "lying against", "rests on", "resting on", "extends up to", "in contact with", "comes into contact with"):
        found[phrase] = Entry(frozenset(("ACT",)), "touch v")
    return found


_WORDS: dict[str, tuple[str, ...]] = {
    # ---------------------------------------------------------------- who denies, doubts, looks back
    "NO": ("excludes", "rules out", "fails to show", "failed to show", "without evidence", "fail to show", "exclusion of", "not reveal", "does not show", "no", "nor", "neither", "no evidence of|for", "no sign|signs|suggestion|indication of", "negative for", "free of|from",
           "absence of", "absent", "lack of", "lacks", "devoid of", "none of", "rather than", "instead of", "never", "clear of",
           "no longer", "resolution of", "resolved", "no definite|convincing|obvious|gross|frank|discernible|visible|significant|appreciable",
           "no definite|convincing|significant evidence of", "non", "noncompressive", "spared from"),
    "WITHOUT": ("w / out", "without further|clear|frank|obvious|convincing|appreciable|visible|gross", "without", "w / o", "without evidence of", "without any|significant|definite"),
    "NOT": ("not", "does not", "do not", "did not", "doesn't", "isn't", "aren't", "don't", "is not", "are not", "has not",
            "have not", "hasn't"),
    "NOTSEVERE": ("no|without high - grade", "no|without high grade", "no|without severe|marked|critical|high-grade",
                  "no evidence of high - grade", "no evidence of severe|marked"),
    "NONEW": ("no new", "no additional", "no other", "no further", "without new|additional|other|further", "no evidence of new|other|additional|further",
              "no more", "not elsewhere"),
    "POSTNO": ("is|has been|are|have been|now decompressed", "is now decompressed", "are now decompressed", "has now been decompressed", "is now clear|resolved", "is|are|was|were not seen|identified|present|evident|demonstrated|visualized|visualised|appreciated|detected|noted|apparent|found|show|observed",
               "is|are|was|were not clearly|definitely|currently|well seen|identified|present|evident|visualized|visualised", "isn't|aren't|wasn't|weren't seen|present|identified|evident",
               "has|have not been seen|identified|demonstrated", "not seen|identified|present|evident|demonstrated|visualized|visualised|appreciated|detected|noted|apparent|found|show|observed",
               "not been seen|identified|show", "is|are|was|were|been excluded", "is|are|was|were|been ruled out", "ruled out",
               "has|have|had resolved", "is|are resolved", "no longer seen|present|evident|identified|visible|appreciated|show", "is|are no longer seen|present|evident|identified|visible|appreciated|show",
               "is|are unlikely", "unlikely", "has|have cleared", "is|are absent", "nowhere seen", "not seen on", "has|have been decompressed",
               "completely resolved", "has completely|now|since|fully resolved", "have completely|now|since|fully resolved"),
    "NIL": ("none", "nil", "negative", "absent", "no", "normal", "n / a", "not applicable", "clear", "none seen|identified"),
    "MAYBE": ("could|cannot|can not|can't be assessed|evaluated|determined", "not assessable|evaluable", "is|are not assessable|evaluable", "not well assessed|evaluated", "cannot be reliably assessed|excluded", "not be assessed", "cannot|can't exclude", "can not exclude", "cannot|can't be excluded", "can not be excluded", "cannot|can't rule out",
              "cannot|can't be ruled out", "can not be ruled out", "can not rule out", "not excluded", "not be excluded", "is|are not excluded",
              "difficult to exclude", "unable to exclude", "not entirely|completely excluded", "cannot be entirely|completely|definitively excluded",
              "cannot entirely|completely|definitively exclude", "not ruled out", "unable to rule out",
              "could not be excluded", "not definitely excluded", "cannot confidently exclude"),
    "HEDGE": ("possible", "possibly", "probable", "probably", "suspected", "suspicious for|of", "suspicion of|for", "concern for|of", "concerning for",
              "worrisome for", "questionable", "question of", "equivocal", "likely", "may", "might", "could", "suggests", "suggest", "suggesting",
              "suggestive of", "impending", "threatened", "threatening", "presumed", "potential", "potentially", "raises", "favors", "favours",
              "favored", "favoured", "indeterminate for", "versus", "vs", "?", "borderline", "perhaps", "apparent", "differential", "suspicious",
              "suspect", "cannot exclude possible", "near", "close to", "approaches", "approaching", "approximates"),
    "BACK": ("prior", "previous", "previously", "formerly", "former", "earlier", "history of", "past", "pre - treatment", "pretreatment",
             "remote", "old"),
    "KEPT": ("as on|in|before|previously", "as seen|noted|described|before|previously", "again seen|noted|demonstrated", "not new", "not changed|resolved|improved", "no resolution", "no improvement", "again", "persists", "persistent", "persist", "persisting", "unchanged", "stable", "remains", "remain", "still", "similar",
             "redemonstrated", "re - show", "re - demonstrated", "redemonstration", "ongoing", "continued", "residual", "recurrent", "similarly",
             "progressed", "progression", "increased", "increase", "worsened", "worsening", "larger", "worse", "enlarged", "has grown"),
    "NOW": ("now", "currently", "today", "at present", "presently", "on this|today|today's|current study|exam|mri|scan", "current"),
    "PLAN": ("mri|ct|study|imaging|scan|exam|mr for", "staging for", "referred for|with", "performed for|to", "sign|signs of", "symptom|symptoms of", "patients with|who", "should return", "mri spine for", "assess for possible", "if", "evaluate for", "assess for", "evaluate", "rule out", "r / o", "query", "to exclude|assess|evaluate", "for evaluation of",
             "evaluation for", "were to", "monitor for", "watch for", "risk of|for", "at risk", "in case of", "reassess", "to rule out",
             "in the event of", "suggest mri|ct|correlation", "develops", "assessment for|of"),
    "SHOULD": ("should",),
    "FAMILY": ("mother", "father", "sister", "brother", "family history", "maternal", "paternal", "family"),
    "ELSE": ("elsewhere", "other level", "remaining level", "remainder of", "other thoracic|cervical|lumbar level", "rest of", "at any other level",
             "other vertebra", "additional", "at other level", "remaining", "other site|sites", "otherwise"),
    "EXCEPT": ("except", "except for", "other than", "apart from", "aside from", "with the exception of", "excepting"),
    "STOP": ("but", "however", "although", "though", "while", "whereas", "yet", ";", "nevertheless", "nonetheless"),
    "AND": ("and", ",", "&", "/", "plus", "as well as", "together with"),
    "OR": ("or", "nor", "and / or"),
    "WITH": ("w /", "with", "which", "that", "where", "causing", "causes", "resulting", "results in", "resulting in", "leading to", "producing",
             "contributing to", "containing", "has", "have", "having", "there is|are", "there's"),
    "VERB": ("is", "are", "was", "were", "seen", "noted", "identified", "present", "show", "appears", "measures", "extend"),
    # ---------------------------------------------------------------- anatomy
    "CORD": ("chord", "spinal chord", "spinal cord substance", "cord", "spinal cord", "conus", "conus medullaris", "thoracic cord", "cervical cord", "upper|lower|mid thoracic|cervical cord",
             "cervicothoracic cord", "cervicomedullary junction", "medulla", "distal cord", "cord itself", "spinal|thoracic|cervical cord itself"),
    "SAC": ("fecal|cecal|faecal|fecal sac", "theecal sac", "thecal sack", "sack", "dural sack", "thecal sac and spinal canal*", "thecal sac", "dural sac", "sac", "theca", "thecal", "dura", "ventral|anterior|dorsal|posterior|lateral|left|right thecal|dural sac",
            "thecal sac and nerve root", "dural tube", "left lateral|anterolateral thecal sac"),
    "CSF": ("csf", "csf space|signal|rim|column|cleft", "cerebrospinal fluid", "subarachnoid space", "spinal fluid", "rim of csf",
            "perimedullary csf", "surrounding csf", "csf around the cord", "csf surrounding the cord", "subarachnoid csf", "cerebrospinal fluid space"),
    "CSFPART": ("ventral|anterior|dorsal|posterior|lateral|left|right csf", "ventral|anterior|dorsal|posterior|lateral subarachnoid space",
                "ventral|anterior|dorsal|posterior csf space", "ventral|anterior|dorsal|posterior cerebrospinal fluid",
                "left|right lateral csf", "left|right lateral subarachnoid space"),
    "CANAL": ("canal", "spinal canal", "central canal", "vertebral canal", "central spinal canal", "bony canal"),
    "CAUDA": ("cauda equina", "cauda equina nerve root", "cauda", "nerve root of the cauda equina", "cauda equina root",
              "root of the cauda equina", "cauda equina fibres|fibers"),
    "ROOT": ("nerve root", "root", "foramen", "neural foramen", "lateral recess", "exiting nerve", "traversing nerve root", "dorsal root ganglion",
             "exiting|traversing|descending nerve root", "nerve", "neural foramen bilaterally"),
    "VESSEL": ("aorta", "esophagus", "oesophagus", "trachea", "psoas", "ureter", "ivc", "vertebral artery", "kidney", "bowel", "airway", "pleura",
               "median nerve", "brachial plexus", "carotid", "vena cava", "lung", "bile duct"),
    "EPI": ("epid tumour|disease", "epid", "epidural tissue", "extradural component|spread|metastatic|tissue", "extradural", "intraspinal disease|spread|epidural tumour", "retropulsed tumour", "epidural metastatic tumour", "epidural malignant deposit|tissue", "epidural metastatic disease", "epidural metastasis", "epidural metastatic mass|lesion|component|extension", "epidural tumour|disease|mass|component|lesion|involve|metastasis|deposit|metastatic", "epidural soft tissue", "epidural metastatic disease|tumour|deposit|soft",
            "epidural soft tissue component|mass|tumour|extension|disease", "epidural spread", "epidural extension", "epidural invade", "ventral|dorsal|anterior|posterior|lateral epidural",
            "ventral|dorsal|anterior|posterior epidural tumour|disease|mass|component|extension|lesion|soft", "epidural tumour extension|component|mass|tissue",
            "extradural tumour|mass|disease|component|extension|lesion|soft|deposit", "extradural soft tissue", "intraspinal extension|tumour|component|mass",
            "extraosseous tumour|extension|component|disease", "extraosseous epidural|soft", "intracanalicular tumour|extension|component|disease",
            "circumferential epidural tumour|disease|mass|involve|soft|metastatic", "circumferential epidural", "epidural encroachment|tissue|growth|phlegmonous*",
            "epidural impingement", "epidural malignancy|neoplasm|malignant", "epidural enhancing soft tissue", "epidural soft - tissue", "epidural enhancing mass|tumour",
            "epidural lymphoma|myeloma|plasmacytoma", "epidural extent|infiltrate", "canal invade", "epidural carcinomatosis", "epiduritis carcinomatosa",
            "anterior|ventral|dorsal|posterior epidural soft tissue", "tumour in|within|into the epidural space", "tumour in|within|into the spinal canal", "epidural"),
    "INTO": ("bulge into canal|the", "bulge into the canal|spinal|epidural", "bulge into the spinal canal", "bulge into the epidural space", "into the sacral canal", "sacral canal extension", "of the sacral canal", "canal involve|extension", "into the spinal epidural space", "into the neural canal", "into canal", "in the canal", "canal disease", "reach the canal", "through the posterior wall", "into the epidural compartment", "breach of the posterior cortex|wall", "broken through the posterior wall|cortex", "into the epidural space", "into the canal", "into the spinal canal", "into the central canal", "into the ventral|anterior|dorsal|posterior epidural space",
             "into the vertebral canal", "beyond the posterior cortex", "through the posterior cortex", "in the epidural space", "within the epidural space",
             "within the spinal canal", "within the canal", "in the spinal canal", "of the epidural space", "into the anterior|posterior spinal canal", "into ventral|anterior|dorsal epidural space",
             "of the posterior cortex", "into the adjacent epidural space", "in the ventral|dorsal|anterior|posterior epidural space", "into epidural space", "involve the epidural space",
             "within the ventral|dorsal|anterior|posterior epidural space"),
    "EPISPACE": ("epidural space", "ventral|dorsal|anterior|posterior epidural space", "epidural fat", "epidural steroid injection", "epidural injection",
                 "epidural steroid", "epidural catheter", "epidural anesthesia|anaesthesia", "epidural veins", "epidural venous plexus", "epidural space and"),
    "GRADELABEL": ("bill sky|ski|skee", "bilski", "bilskey", "belsky", "belski", "billsky", "billski", "bilksy", "bilsky", "escc", "epidural spinal cord compression scale|grade|score|escc", "epidural spinal cord compression grade",
                   "epidural spinal cord compression ( escc )", "epidural spinal cord compression scale ( escc )", "bilsky scale|grade|score", "escc scale|grade|score",
                   "spinal cord compression scale|score", "epidural cord compression scale|score|grade", "epidural compression scale|grade|score",
                   "epidural disease grade", "epidural grade", "bilsky epidural spinal cord compression scale|grade|score"),
    # ---------------------------------------------------------------- disease
    "TUMOUR": ("pathologic", "deposit", "metastatic deposit", "tumour bulge", "secondary deposit", "secondaries", "osseous metastasis", "bony metastasis", "bone metastasis", "vertebral metastasis", "spinal metastasis", "metastasis", "metastatic", "metastatic disease|lesion|deposit|tumour|involve|focus|foci|process|mass|infiltrate", "tumour", "myeloma", "multiple myeloma",
               "plasmacytoma", "lymphoma", "malignancy", "malignant", "neoplasm", "leptomeningeal disease|metastasis|carcinomatosis", "leptomeningeal metastatic disease",
               "intramedullary metastasis", "carcinomatosis", "leukaemic infiltrate", "pathologic fracture", "pathologic compression fracture|deformity",
               "pathologic burst fracture", "malignant compression fracture", "pathologic collapse", "myeloma lesion|deposit", "drop metastasis",
               "pathologic vertebral fracture", "pathologic wedge fracture", "osseous metastatic disease", "bony metastatic disease", "tumour burden|involve|infiltrate|mass|deposit",
               "pathologic vertebral compression fracture", "neoplasm process|lesion|infiltrate|involve", "malignant infiltrate|lesion|process|involve|marrow",
               "pathologically fracture", "lymphoma involve|deposit|mass"),
    "LESION": ("marrow replace lesion", "enhancing nodule", "lesion", "bone lesion", "deposit", "mass", "osseous lesion", "marrow replace", "marrow infiltrate", "marrow replacing", "marrow - replace", "focus", "foci",
               "soft tissue mass|component", "soft - tissue mass|component", "marrow lesion", "infiltrate", "osseous disease", "bony disease", "bony lesion", "infiltrate lesion|process",
               "aggressive lesion", "bone destruction", "destruction", "osseous involve", "marrow - replace lesion", "marrow replace lesion", "disease", "paraspinal mass",
               "expansile lesion|mass", "signal abnormality", "marrow signal abnormality", "nodule", "abnormal enhancement", "marrow abnormality", "uptake", "fdg uptake"),
    "CANCER": ("ca", "breast|prostate|lung|renal|bladder|colon ca", "ca breast|prostate|lung|bladder|colon", "cancer", "carcinoma", "adenocarcinoma", "melanoma", "sarcoma", "breast|lung|prostate|renal|colorectal|colon|thyroid|ovarian|bladder|oesophageal|pancreatic cancer|carcinoma|adenocarcinoma",
               "metastatic breast|lung|prostate|renal|colorectal|colon|thyroid|ovarian|bladder|pancreatic|gastric cancer|carcinoma|adenocarcinoma",
               "metastatic cancer|carcinoma|adenocarcinoma|melanoma|sarcoma|rcc|nsclc", "hcc", "rcc", "nsclc", "metastatic renal cell carcinoma", "metastatic non - small cell lung cancer|carcinoma",
               "metastatic small cell lung cancer", "primary malignancy|cancer", "known malignancy|primary", "oncology", "oncologic", "metastatic urothelial|hepatocellular|squamous carcinoma",
               "history of malignancy", "metastatic breast ca", "metastatic prostate ca", "metastatic lung ca", "renal cell carcinoma", "non - small cell lung cancer"),
    "ORGAN": ("liver", "hepatic", "lung", "pulmonary", "renal", "kidney", "adrenal", "node", "nodes", "nodal", "lymphadenopathy", "brain", "cerebral", "pleural", "spleen",
              "splenic", "pancreas", "thyroid", "rib", "ribs", "ilium", "iliac", "pelvic", "pelvis", "femur", "humerus", "sternum", "scapula", "calvarium", "skull", "uterine",
              "ovarian", "adnexal", "paraaortic", "retroperitoneal", "mediastinal", "hilar", "breast", "peritoneal", "bowel", "uterus", "prostate"),
    "BONE": ("disc space|level", "intervertebral disc space|level", "disc interspace", "interspace", "vertebral", "vertebra", "vertebral body", "body", "osseous", "bony", "bone", "spine", "spinal", "marrow", "bone marrow", "column", "endplate"),
    # ---------------------------------------------------------------- other causes
    "abscess": ("abscess", "phlegmon", "epidural abscess", "epidural phlegmon", "epidural empyema", "empyema", "epidural collection", "abscess formation", "phlegmonous"),
    "infection": ("discitis", "osteomyelitis", "discitis osteomyelitis", "infection", "infectious", "septic", "spinal infection", "infectious spondylitis", "tuberculosis", "tuberculous", "pott's",
                  "infective", "spondylitis tuberculous", "pyogenic", "brucella", "septic facet", "infected"),
    "haematoma": ("epidural haematoma", "subdural haematoma", "haematoma", "haemorrhage", "hemorrhage", "epidural hemorrhage|haemorrhage", "epidural blood", "hemorrhagic collection", "extradural haematoma"),
    "unstable_fracture": ("facet dislocation", "bilateral facet dislocation", "locked facet", "three column injury", "unstable fracture", "fracture dislocation", "fracture - dislocation", "chance fracture", "unstable burst fracture", "unstable three column fracture",
                          "flexion distraction injury", "three - column fracture", "fracture is|are unstable", "unstable three - column injury|fracture", "jumped facet", "perched facet"),
    "benign_tumour": ("aggressive haemangioma", "angiosarcoma", "primary intramedullary tumour", "cavernoma", "haemangioma", "schwannoma", "meningioma", "neurofibroma", "ependymoma", "chordoma", "osteoid osteoma", "osteoblastoma", "astrocytoma", "nerve sheath tumour",
                      "primary bone tumour", "primary spinal tumour", "benign tumour", "epidermoid", "dermoid", "lipoma", "aneurysmal bone cyst", "giant cell tumour", "chondrosarcoma",
                      "osteosarcoma", "paraganglioma", "hemangioblastoma", "haemangioblastoma", "primary spinal cord tumour", "primary cord tumour", "ewing sarcoma", "neurogenic tumour", "glioma",
                      "peripheral nerve sheath tumour", "myxopapillary ependymoma", "osteochondroma", "primary osseous tumour", "primary bone neoplasm", "schwannomas", "meningiomas", "neurofibromas"),
    "harmless": ("mvc", "mva", "contusion", "ligamentous injury", "injury", "ankylosing spondylitis", "romanus", "romanus lesion", "syndesmophyte", "syndesmophytes", "andersson lesion", "inflammatory", "cement leak", "disc", "disc bulge|herniation|protrusion|extrusion|osteophyte", "disc - osteophyte", "herniation", "herniated", "protrusion", "extrusion", "extruded", "bulge", "spondylosis", "spondylotic",
                 "degenerative", "degeneration", "osteophyte", "osteophytes", "osteophytic", "ligamentum flavum", "ligamentum", "lipomatosis", "epidural lipomatosis", "osteoporotic", "osteoporosis", "insufficiency fracture",
                 "insufficiency", "benign", "traumatic", "trauma", "burst fracture", "burst", "retropulsed fragment", "retropulsed bone", "retropulsed bony fragment", "retropulsion", "retropulsed", "schmorl", "schmorl's", "facet arthropathy",
                 "facet hypertrophy", "facet arthrosis", "facet osteoarthritis", "hypertrophy", "arthropathy", "compression fracture", "wedge fracture", "compression deformity", "wedge deformity", "wedge compression fracture",
                 "fragility fracture", "fracture", "modic", "sequestration", "sequestered", "annular", "synovial cyst", "arachnoid cyst", "tarlov cyst", "perineural cyst", "cyst", "pseudomeningocele", "seroma",
                 "scar", "fibrosis", "granulation tissue", "granulation", "bone island", "enostosis", "enostoses", "paget", "paget's", "fibrous dysplasia", "opll", "ossification of the posterior longitudinal ligament",
                 "ossified", "congenital", "short pedicle", "multifactorial", "demyelinating", "demyelination", "multiple sclerosis", "myelitis", "syrinx", "transverse myelitis", "infarct", "ischemia", "ischaemia",
                 "congenitally short pedicle", "endplate change", "rheumatoid", "pannus", "gout", "calcific", "spondylolysis", "pars defect", "uncovertebral", "spur", "spurring", "spurs", "epidural fat", "fat", "stress fracture",
                 "vertebral compression fracture", "superior endplate fracture", "endplate fracture", "osteoporotic compression fracture", "hyperplasia", "red marrow", "extramedullary haematopoiesis", "extramedullary hematopoiesis",
                 "arteriovenous malformation", "fistula", "scheuermann", "desiccation", "nucleus", "posterior longitudinal ligament", "subacute combined degeneration", "stab", "gunshot", "bullet", "fall", "epidural scar|fibrosis|granulation"),
    "BENIGNWORD": ("benign - appearing", "benign appearing", "nonaggressive", "non - aggressive", "typical haemangioma"),
    # ---------------------------------------------------------------- the bone
    "LYTIC": ("destruction", "lytic", "lucent", "destruction lesion", "lytic destruction"),
    "BLASTIC": ("blastic", "sclerotic", "sclerosis"),
    "MIXED": ("mixed lytic and|/ blastic|sclerotic", "mixed lytic - blastic|sclerotic", "lytic and|/ blastic|sclerotic", "lytic - blastic|sclerotic", "mixed blastic and lytic", "mixed sclerotic and lytic", "mixed lytic blastic|sclerotic",
              "mixed lesion", "mixed density lesion|metastasis", "mixed attenuation", "blastic and lytic", "sclerotic and lytic", "mixed"),
    "INDET": ("t 1 hypointense", "t 1 hypointensity", "t 1 - hypointense", "marrow replace", "marrow - replace", "indeterminate lesion", "marrow infiltrate", "infiltrate"),
    "HEIGHT": ("height loss", "loss of height", "loss of vertebral body height", "vertebral body height loss", "loss of vertebral height", "collapse", "vertebral collapse", "vertebral body collapse", "vertebral height loss",
               "body height loss", "loss of the vertebral body height", "anterior height loss", "body collapse", "of its height", "of vertebral body height", "of the height", "of vertebral height", "loss of its height",
               "loss of body height", "of the vertebral body height", "of body height", "central height loss", "lost", "height reduction", "reduction in height", "pathologic collapse"),
    "PLANA": ("vertebra plana", "complete collapse", "near - complete collapse", "near complete collapse", "completely collapse"),
    "HEIGHTKEPT": ("height normal|ok|okay", "heights ok|okay|normal", "keep|keeps their|its height|heights", "height : normal|preserved|maintained", "heights : normal|preserved|maintained", "height is well maintained|preserved", "body heights are preserved|maintained|normal", "body heights preserved|maintained", "height kept", "without loss of height", "no loss of height", "height is unchanged*", "height is|are preserved|maintained|normal", "heights are preserved|maintained|normal", "height preserved|maintained", "heights preserved|maintained", "preserved height|heights", "maintained height",
                   "preserved vertebral height", "preserved vertebral body height", "height is well preserved|maintained", "with preserved vertebral body height", "normal height|heights", "body height is|are preserved|maintained"),
    "MOSTBODY": ("more than half of the vertebral body", "more than half of the body", "greater than half of the vertebral body", "most of the vertebral body", "majority of the vertebral body", "more than half the vertebral body",
                 "near - complete marrow replace", "near complete marrow replace", "entire vertebral body", "nearly the entire vertebral body", "complete marrow replace", "more than half the body", "diffuse replace of the vertebral body",
                 "most of the body", "over half of the vertebral body", "the majority of the body"),
    "PEDICLE": ("pedicle", "lamina", "facet", "posterior element", "posterolateral element", "facet joint", "articular process", "costovertebral joint", "costovertebral junction", "pedicle and lamina|facet", "pedicle , lamina",
                "pedicle and posterior element", "transverse process", "pedicle / lamina", "posterior neural arch", "neural arch", "costovertebral", "pars", "articular pillar", "lateral mass", "pedicle and facet joint", "posterolateral"),
    "SPINOUS": ("spinous process",),
    "BOTH": ("bilateral", "both", "bilaterally", "left and right", "right and left", "right greater than left", "left greater than right"),
    "SIDE": ("left", "right", "unilateral", "left - sided", "right - sided", "unilaterally"),
    "ALIGNOK": ("alignment : normal|anatomic|maintained|preserved|unremarkable|intact|ok", "alignment ok|okay", "normally aligned", "spinal alignment : normal|preserved|maintained", "aligned normally", "alignment is within normal", "alignment is unremarkable", "vertebral alignment is normal|maintained|preserved", "alignment is anatomical", "alignment anatomic|unremarkable", "no spinal deformity", "no traumatic subluxation", "alignment is|are normal|maintained|preserved|anatomic|unremarkable|intact", "normal alignment", "alignment normal|maintained|preserved", "anatomic alignment", "maintained alignment", "preserved alignment",
                "alignment of the spine is normal|maintained|preserved", "no malalignment", "no subluxation", "no listhesis", "without subluxation", "alignment is otherwise normal|maintained", "no new deformity", "without malalignment",
                "no subluxation or deformity", "no deformity or subluxation", "spinal alignment is normal|maintained|preserved", "without subluxation or deformity", "no kyphosis", "no spondylolisthesis", "alignment is within normal limits",
                "sagittal alignment is normal|maintained|preserved", "no kyphotic deformity", "without kyphosis", "no deformity", "no traumatic malalignment", "no acute malalignment"),
    "DEFORM": ("kyphosis", "kyphotic deformity", "scoliosis", "kyphotic", "focal kyphosis", "new kyphosis", "focal kyphotic deformity", "kyphotic angulation", "scoliotic deformity", "new scoliosis", "gibbus", "gibbus deformity",
               "angulation", "new focal kyphosis", "kyphoscoliosis", "focal kyphotic angulation", "new kyphotic deformity", "new deformity", "spinal deformity", "new scoliotic deformity"),
    "SLIP": ("subluxation", "translation", "anterolisthesis", "retrolisthesis", "listhesis", "spondylolisthesis", "dislocation", "subluxed", "subluxated", "translated", "anterior translation", "slip"),
    "STRAIGHT": ("straightening", "thoracic kyphosis", "normal thoracic kyphosis", "normal kyphosis", "exaggerated thoracic kyphosis", "cervical lordosis", "dextroscoliosis", "levoscoliosis", "mild scoliosis", "lumbar lordosis",
                 "degenerative scoliosis", "s - shaped scoliosis", "degenerative anterolisthesis|retrolisthesis|spondylolisthesis|listhesis", "chronic anterolisthesis|retrolisthesis"),
    # ---------------------------------------------------------------- the cord's signal
    "SIGNAL": ("cord signal", "cord oedema", "cord t 2 signal", "t 2 hyperintensity", "signal change", "signal abnormality", "t 2 signal", "oedema", "myelomalacia", "intramedullary signal", "hyperintensity", "cord signal change|abnormality|hyperintensity",
               "t 2 signal change|abnormality|hyperintensity", "intramedullary t 2 hyperintensity|signal", "abnormal cord signal", "intramedullary hyperintensity", "increased t 2 signal", "high t 2 signal", "t 2 prolongation", "abnormal signal",
               "cord signal intensity", "cord t 2 hyperintensity", "increased signal", "high signal", "intrinsic cord signal", "signal alteration", "intramedullary signal change|abnormality|alteration", "cord t 2 signal change|abnormality|hyperintensity",
               "compressive myelopathy", "myelopathic signal", "cord signal alteration", "intrinsic signal abnormality|change", "signal", "intramedullary oedema", "abnormal t 2 signal", "abnormal t 2 hyperintensity", "stir hyperintensity", "stir signal",
               "cord hyperintensity", "bright", "cord signal abnormality or", "intramedullary signal abnormality"),
    "SIGNALOK": ("signal is|are normal|preserved|maintained|unremarkable", "normal signal", "normal cord signal", "signal normal", "cord signal is normal|preserved|maintained|unremarkable", "normal in signal", "normal in caliber|calibre and signal", "normal signal intensity",
                 "cord is normal in signal", "signal remains normal", "cord signal remains normal", "normal in signal and caliber|calibre", "normal caliber|calibre and signal", "normal signal and caliber|calibre", "normal in signal intensity", "normal in morphology and signal"),
    # ---------------------------------------------------------------- change and treatment
    "STABLE": ("no improvement", "no decrease", "no reduction", "no regression", "no significant improvement|decrease|reduction|regression", "without improvement", "not improved", "not resolved", "has|have not resolved|improved|decreased|changed", "no interval decrease|improvement|reduction", "no resolution", "not new", "is not new", "is not resolved|improved", "not significantly improved|decreased|changed", "unchanged", "stable", "no significant change", "no change", "no interval change", "no significant interval change", "not significantly changed", "no substantial change", "no appreciable change", "without change",
               "without significant change", "without interval change", "without significant interval change", "similar", "not changed", "no progression", "no interval progression", "no evidence of progression", "without progression",
               "no worsening", "no increase", "no interval increase", "no significant progression", "no interval worsening", "essentially unchanged", "without evidence of progression", "no evidence of interval progression",
               "no significant interval progression", "no evidence of recurrence", "without recurrence", "no evidence of disease progression", "no disease progression", "no significant increase", "no evidence of residual or recurrent"),
    "BETTER": ("resolved", "has resolved", "shrunk", "shrinkage", "relieved", "has shrunk", "completely resolved", "has completely resolved", "has decreased", "resolution of", "improved", "decreased", "smaller", "regressed", "interval decrease", "decrease", "reduction", "interval improvement", "improvement", "responding", "treatment response", "regression", "reduced", "decreasing", "improving", "shrunk",
               "diminished", "interval reduction", "interval regression"),
    "WORSE": ("progressed", "progression", "progressive", "increased", "increase", "interval increase", "interval progression", "worsened", "worsening", "enlarged", "grown", "interval growth", "progressing", "enlarging", "increasing",
              "disease progression", "has progressed", "have progressed", "interval worsening", "worse", "interval enlargement", "new or progressive", "larger than", "slightly larger", "is larger", "now larger", "has grown", "have grown", "larger since"),
    "NEW": ("new", "newly", "new since", "not present previously", "interval development of", "interval development", "not seen previously", "interval appearance", "new from prior", "has developed"),
    "TREAT": ("previously treated|irradiated|radiated|operated", "prior radiation|radiotherapy|sbrt|surgery|treatment|laminectomy|decompression", "previous radiation|radiotherapy|sbrt|surgery|treatment|laminectomy|decompression", "following radiation|radiotherapy|sbrt|treatment", "after radiation|radiotherapy|sbrt|treatment", "previous|prior radiation therapy", "post radiotherapy", "post - radiotherapy", "post rt|xrt|sbrt", "cyberknife", "post - op", "rt", "sbrt", "srs", "sabr", "radiotherapy", "radiation", "irradiated", "irradiation", "treated", "post - treatment", "posttreatment", "laminectomy", "decompression", "kyphoplasty", "vertebroplasty", "corpectomy", "ablation", "post - radiation",
              "ebrt", "radiosurgery", "post - sbrt", "stereotactic", "xrt", "separation surgery", "resection", "resected", "cementoplasty", "post - surgical", "radiation therapy", "s / p", "status post", "surgery", "fusion", "postradiation", "posterior fusion",
              "posterior decompression", "post treatment", "post radiation"),
    "NOTREAT": ("untreated", "not treated", "planned radiotherapy|radiation|sbrt|surgery", "for radiotherapy", "radiotherapy planning", "treatment planning", "pre - radiation", "candidate for", "planned", "planning", "scheduled", "awaiting", "before treatment",
                "never treated", "not been treated", "not irradiated", "pre - radiotherapy", "pending", "prior to treatment|radiotherapy|radiation|surgery", "no prior treatment|radiation|radiotherapy|surgery", "without prior treatment"),
    # ---------------------------------------------------------------- how much
    "MILD": ("mild", "mildly", "minimal", "minimally", "slight", "slightly", "minor", "trace"),
    "MODERATE": ("moderate", "moderately", "moderate - severe"),
    "SEVERE": ("severe", "severely", "marked", "markedly", "critical", "critically", "profound", "high - grade", "high grade", "complete", "completely", "total", "totally", "near - complete", "near complete", "entire", "entirely", "wholly",
               "fully", "circumferential", "near - total", "moderate to severe", "moderate - to - severe", "mild to severe", "moderately severe", "full", "frank", "gross", "diffuse", "substantial", "pronounced", "extensive", "circumferentially",
               "nearly complete", "nearly completely", "almost completely", "almost complete", "virtually complete"),
    "LOWGRADE": ("low - grade", "low grade"),
    "PARTIAL": ("partial", "partially", "incomplete", "some", "subtotal", "partly", "asymmetric", "incompletely"),
    "RESIDUAL": ("csf is still seen", "residual csf", "thin rim of csf", "some csf", "csf is visible", "csf remains", "csf still visible|seen", "remaining csf", "thin csf rim", "csf remains visible", "rim of csf remains|persists|visible|is|seen", "rim of csf is visible|seen", "csf is seen", "csf visible", "preserved dorsal csf",
                 "dorsal csf is preserved", "some csf remains", "some residual csf", "thin rim of residual csf", "residual csf signal", "trace csf", "partial csf", "csf partially preserved", "some csf is still visible|seen", "csf is partially effaced*", "small amount of csf",
                 "csf remains around the cord", "with visible csf", "csf signal remains", "csf is still visible", "visible csf", "preserved csf dorsally|posteriorly", "fluid still visible|seen", "fluid is still visible|seen", "some fluid", "residual fluid", "rim of fluid",
                 "thin rim of fluid", "thin rim of cerebrospinal fluid", "residual cerebrospinal fluid", "some cerebrospinal fluid", "csf is identified", "csf dorsally", "csf posteriorly", "sliver of csf", "thin sliver of csf"),
    "CSFKEPT": ("rim of csf is maintained|preserved", "csf rim is maintained|preserved", "rim of csf maintained|preserved", "csf all around", "csf remains all around", "csf is preserved circumferentially", "csf is present between", "csf remains preserved", "csf is seen between", "preserved csf plane", "fat plane and csf preserved", "csf visible between", "csf still visible between", "csf interposed", "csf is preserved|maintained", "preserved csf", "csf preserved|maintained", "preserved csf around the cord", "csf is preserved around the cord", "csf space is|are preserved|maintained", "preserved csf between", "csf between", "csf preserved around the cord",
                "csf surrounds the cord", "preservation of csf", "preserved csf space|cleft|signal|rim", "csf cleft", "intervening csf", "csf separates", "csf is maintained around the cord", "preserved subarachnoid space", "maintained csf", "surrounding csf is preserved|maintained",
                "csf signal is preserved|maintained", "preserved fluid", "fluid is preserved", "preserved rim of csf", "csf around the cord is preserved|maintained", "csf surrounding the cord is preserved|maintained", "subarachnoid space is preserved|maintained",
                "cerebrospinal fluid is preserved", "csf remains between", "circumferential csf", "csf space remains preserved", "preserved surrounding csf", "preserved csf surrounding the cord", "ample csf"),
    "NOCSF": ("csf is completely|entirely|totally replaced|lost|gone|obscured", "csf is replaced|lost|gone", "csf not visible|seen", "csf obscured", "loss of csf space|signal", "no csf", "no visible csf", "no residual csf", "no remaining csf", "no csf signal", "no surrounding csf", "without visible csf", "without residual csf", "no csf is seen|visible|identified", "csf is not seen|visible|identified", "no cerebrospinal fluid", "no fluid",
              "without csf", "no discernible csf", "loss of csf", "complete loss of csf", "loss of the csf", "absent csf", "absence of csf", "no csf around the cord", "no perimedullary csf", "no csf visible|seen", "csf no longer visible|seen", "no appreciable csf",
              "lack of csf", "no intervening csf", "no fluid seen|visible", "no csf remains", "no csf remaining", "csf is absent", "no identifiable csf", "no visible cerebrospinal fluid"),
    "CIRC": ("circumferential tumour", "circumferential disease"),
    "BONEONLY": ("confined to bone|the|vertebra", "confined to the bone|vertebra|vertebral|body|marrow", "confined to the vertebral body", "bone only", "limited to the bone|vertebra|vertebral", "limited to bone",
                 "bone - only", "contained within the bone|vertebra|vertebral", "intraosseous", "canal clear", "canal is clear", "canal : clear", "spinal canal is clear", "osseous disease only",
                 "bony disease only", "confined within the vertebral body", "purely intraosseous", "canal free", "canal is free", "confined to the vertebral bodies|marrow"),
    "PATENT": ("canal is|are patent|widely", "canal patent", "canal widely patent", "canal is widely patent", "thecal sac normal", "thecal sac is normal|preserved|patent|intact|not", "canal preserved"),
    "CORDOK": ("cord contour is preserved|maintained|normal", "cord contour preserved|maintained|normal", "retains its normal|round|usual shape|contour", "keeps its round|normal shape|contour", "normal contour", "contour is preserved|maintained|normal",
               "cord shape is preserved|maintained|normal", "normal cord contour|shape|morphology", "retains a normal contour|shape", "cord morphology is preserved|normal|maintained", "contour of the cord is preserved|maintained|normal", "cord maintains its normal|round contour|shape",
               "remains round", "cord remains round", "cord is round", "normal shape", "normal in shape|contour|morphology"),
    "CORDCLEAR": ("clear of the cord", "separate from the cord", "short of the cord", "away from the cord", "not reach the cord", "does not reach the cord", "clear of the spinal cord", "separated from the cord",
                  "remote from the cord", "not touch the cord", "distant from the cord", "separate from the spinal cord", "clear of cord"),
    "AGO": ("before treatment|surgery|radiotherapy|radiation|therapy|sbrt", "prior to treatment|surgery|radiotherapy|radiation|therapy|sbrt", "at presentation", "preoperatively", "preoperative", "pre - operative", "pre - operatively",
            "initially", "years|months|weeks|days|year|month|week ago", "last year|month|week", "yesterday"),
    "HARDWARE": ("fusion", "posterior fusion", "instrumentation", "hardware", "screws", "pedicle screws", "rods", "stabilisation", "stabilization", "posterior instrumentation", "fixation", "instrumented fusion", "posterior stabilization|stabilisation",
                 "stabilisation|stabilization hardware", "spinal fusion", "spinal instrumentation", "posterior spinal fusion", "pedicle screw fixation"),
    "LATTER": ("latter", "the latter"),
    "FORMER": ("the former",),
    "CORDCOMP": ("core|court|card|quad compression",),
    "MSCC": ("mescc", "mscc", "escc present", "metastatic spinal cord compression", "malignant spinal cord compression", "metastatic cord compression", "malignant cord compression", "malignant epidural spinal cord compression", "metastatic epidural spinal cord compression"),
    "NOTAIDE": ("mscc protocol|pathway|coordinator|referral|query|service", "cord compression protocol|pathway", "epidural spinal cord compression protocol", "not only", "not limited to", "no doubt", "without doubt", "not just", "not surprisingly", "without contrast", "without and with", "with and without", "without intravenous contrast", "without iv contrast", "without gadolinium", "no comparison", "not available"),
}  # fmt: skip


def _expanded() -> dict[tuple[str, ...], Entry]:
    phrases: dict[tuple[str, ...], Entry] = {
        tuple(plain_word(w) for w in a.split()): entry for a, entry in _actions().items()
    }
    for tag, listed in _WORDS.items():
        for phrase in listed:
            if phrase.endswith("*"):
                continue
            for words in product(*(word.split("|") for word in phrase.split())):
                key = tuple(plain_word(w) for w in words)
                known = phrases.get(key, _NOTHING)
                phrases[key] = Entry(known.tags | {tag}, known.action)
    return phrases


_NOTHING = Entry(frozenset())
PHRASES = _expanded()


def _lengths() -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for phrase in PHRASES:
        found.setdefault(phrase[0], set()).add(len(phrase))
    return {first: tuple(sorted(lengths, reverse=True)) for first, lengths in found.items()}


#: First word -> lengths of the phrases that begin with it, the longest first.
LENGTHS = _lengths()
#: Tags of causes that are not this programme's; all but the last are dangers by themselves.
CAUSES = ("abscess", "infection", "haematoma", "unstable_fracture", "benign_tumour", "harmless")
