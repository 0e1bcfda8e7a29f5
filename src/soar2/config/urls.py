"""Every address of the product, in the order of the patient's route."""

from django.urls import include, path

from soar2.config.health import health

urlpatterns = [
    path("health/", health, name="health"),
    path("", include("soar2.worklists.urls")),
    path("", include("soar2.pathway.notices.urls")),
    path("feeds/", include("soar2.exchange.urls")),
    path("accounts/", include("soar2.config.signin")),
    path("demo/", include("soar2.demo.urls")),
]
