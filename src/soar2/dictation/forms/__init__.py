"""The macro as other systems take it, each made from the one definition in ``soar2.dictation.template``.

No conformance is claimed beyond what the tests show: the Questionnaire and the CodeSystem are FHIR R4, the others
are read back by an independent reader that finds the same fields.
"""

from collections.abc import Callable, Mapping

from soar2.dictation.forms.autotext import as_autotext, as_custom_fields
from soar2.dictation.forms.mrrt import as_mrrt
from soar2.dictation.forms.questionnaire import as_code_system, as_questionnaire
from soar2.dictation.template import as_text

#: By the name that ``soar2 template --format`` takes: what prints it.
FORMS: Mapping[str, Callable[[], str]] = {
    "text": as_text,
    "powerscribe": as_autotext,
    "powerscribe-fields": as_custom_fields,
    "mrrt": as_mrrt,
    "questionnaire": as_questionnaire,
    "codesystem": as_code_system,
}
