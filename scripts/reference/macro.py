"""docs/reference/macro.md, from the one definition of the macro: fields, words, codes, rules, forms."""

from reference.tables import table

from soar2.criteria.anatomy import LEVELS
from soar2.dictation import signing
from soar2.dictation.codes import OWN, RADELEMENT, SNOMED, codings_of, own_words
from soar2.dictation.forms import FORMS
from soar2.dictation.template import FIELD

FORM_WORDS = {
    "text": "plain text with pick-lists in square brackets",
    "powerscribe": "three AutoTexts with named fields: the frame, a level with cord, a level below the conus",
    "powerscribe-fields": "the custom fields these need, as comma-separated values",
    "mrrt": "an HTML5 template in the manner of IHE MRRT, with coded content",
    "questionnaire": "a FHIR R4 Questionnaire with a repeating row",
    "codesystem": "our own words as a FHIR R4 CodeSystem",
}


def page() -> str:
    return "\n".join(
        (
            "# The macro: fields, words, codes, forms",
            "",
            "One definition, `soar2.dictation.template`, makes every form and is what the reader takes its words from. "
            "`soar2 template --format …` prints a form; nothing is claimed about other systems beyond what the tests "
            "of this repository read back.",
            "",
            table(("form", "what it is"), [(f"`{form}`", FORM_WORDS[form]) for form in FORMS]),
            "",
            "## Fields",
            "",
            table(
                ("label", "choices", "normal default", "other names of the label"),
                [
                    (
                        field.label,
                        ", ".join(choice.shown for choice in field.choices) or "free words",
                        next((choice.shown for choice in field.choices if choice.word == field.normal), ""),
                        ", ".join(field.also),
                    )
                    for field in FIELD.values()
                ],
            ),
            "",
            "## Ways of saying a word",
            "",
            "Each says the same and nothing else. What is not here is kept word for word and flagged, never guessed.",
            "",
            table(
                ("field", "word", "also said"),
                [
                    (field.label, choice.shown, ", ".join(choice.said))
                    for field in FIELD.values()
                    for choice in field.choices
                    if choice.said
                ],
            ),
            "",
            "## Before signing",
            "",
            "*forbid*: cannot be signed so. *alert*: the radiologist is asked once and may go on.",
            "",
            table(
                ("rule", "weight", "what is said"),
                [(rule.key, rule.weight, rule.sentence) for rule in (*signing.RULES, signing.TWICE)],
            ),
            "",
            "## Codes",
            "",
            f"RadElement (`{RADELEMENT}`) sets RDES21 and RDES288, SNOMED CT (`{SNOMED}`) for levels, and our own "
            f"system (`{OWN}`) for every word. The first code is the one that is sent; each is read back.",
            "",
            table(
                ("field", "word", "codes"),
                [(field.label, choice.shown, _codes(field.key, choice.word)) for field in FIELD.values()
                 for choice in field.choices],
            ),
            "",
            "Only our own system carries these:",
            "",
            table(("field", "word"), [(f"`{key}`", f"`{word}`") for key, word in own_words()]),
            "",
            "Levels have two codes of SNOMED CT, for the vertebra and for its body, and one of RadElement.",
            "",
            table(("level", "codes"), [(level, _codes("level", level)) for level in LEVELS]),
        )
    )  # fmt: skip


def _codes(key: str, word: str) -> str:
    short = {RADELEMENT: "", SNOMED: "SCT ", OWN: "own "}
    return ", ".join(f"{short[one.system]}`{one.code}`" for one in codings_of(key, word))
