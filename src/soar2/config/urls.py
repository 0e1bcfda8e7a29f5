"""Every address of the product, in the order of the patient's route."""

from django.urls import include, path

from soar2.config.health import health, live
from soar2.config.scrape import metrics

urlpatterns = [
    path("health/", health, name="health"),
    path("health/live", live, name="live"),
    path("metrics", metrics, name="metrics"),
    path("", include("soar2.worklists.urls")),
    path("", include("soar2.pathway.notices.urls")),
    path("feeds/", include("soar2.exchange.urls")),
    path("accounts/", include("soar2.config.signin")),
    path("demo/", include("soar2.demo.urls")),
]
