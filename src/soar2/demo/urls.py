"""The addresses of a demonstration. In production each of them is not there."""

from django.urls import path

from soar2.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.personas, name="personas"),
    path("be/<slug:key>/", views.be, name="be"),
    path("clock/", views.clock, name="clock"),
    path("mail/", views.mail, name="mail"),
]
