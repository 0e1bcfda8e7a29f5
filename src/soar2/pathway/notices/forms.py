"""What a reply may carry. Every choice can be made with a thumb; only a reason for doing nothing needs words."""

from django import forms

from soar2.pathway.notices.answers import ACTIONS
from soar2.record.models import Role
from soar2.record.permissions import role_may

PLANS = (
    "In treatment here",
    "Treated, in follow-up",
    "Discussed at the board, plan agreed",
    "Known to another centre",
    "Comfort care agreed",
)


def _roles() -> list[tuple[str, str]]:
    """Roles whose holders can answer: a notice passed on behind a locked door would be lost time."""
    roles = Role.objects.order_by("name").values_list("key", "name")
    return [("", "Nobody in particular"), *(row for row in roles if role_may(row[0], "notices.answer"))]


class NotMe(forms.Form):
    """Pass on, to a role when one is chosen."""

    role = forms.ChoiceField(required=False, label="Pass on to", choices=_roles)


class AlreadyKnown(forms.Form):
    """Which plan makes this finding known."""

    plan = forms.ChoiceField(label="Which plan", choices=[(words, words) for words in PLANS])


class Acted(forms.Form):
    """What was done. ``detail`` is needed for no action alone; the verb checks it."""

    action = forms.ChoiceField(
        label="What did you do?", choices=list(ACTIONS.items()), widget=forms.RadioSelect
    )
    detail = forms.CharField(required=False, label="In words", max_length=400)


class Done(forms.Form):
    """A hand task that somebody has carried out."""

    note = forms.CharField(required=False, label="Whom you reached", max_length=200)
