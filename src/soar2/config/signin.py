"""The four pages about an account: sign in, sign out, new password, password again."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.account.views import LoginView, PasswordChangeView, logout, reauthenticate
from axes.decorators import axes_dispatch, axes_form_invalid
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters


class SignInForm(LoginForm):
    """Gives django-axes the name under the key it looks for."""

    def user_credentials(self) -> dict[str, Any]:
        credentials: dict[str, Any] = super().user_credentials()
        credentials["login"] = credentials.get("username", "")
        return credentials


@method_decorator(login_not_required, name="dispatch")
@method_decorator(axes_dispatch, name="dispatch")
@method_decorator(sensitive_post_parameters("login", "password"), name="dispatch")
@method_decorator(axes_form_invalid, name="form_invalid")
class SignIn(LoginView):
    """Name and password, closed for a while after five wrong ones. A demonstration has personas instead."""

    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.PROGRAMME.demo:
            return HttpResponseRedirect(self.passthrough_next_url(reverse("demo:personas")))
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


class NewPasswordForm(ChangePasswordForm):
    """Counts a wrong old password like one at the door: a screen left open is no place to guess."""

    def clean_oldpassword(self) -> str:
        given = str(self.cleaned_data["oldpassword"])
        if not get_adapter().reauthenticate(self.user, given):
            raise get_adapter().validation_error("enter_current_password")
        return given


class NewPassword(PasswordChangeView):
    """For accounts that have a password: a persona has none, and there is nothing to change."""

    form_class = NewPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated or not request.user.has_usable_password():
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


urlpatterns = [
    path("login/", SignIn.as_view(), name="account_login"),
    path("logout/", logout, name="account_logout"),
    path("password/", NewPassword.as_view(), name="account_change_password"),
    path("again/", reauthenticate, name="account_reauthenticate"),
]
