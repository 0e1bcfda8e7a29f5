"""The feed page and the messages held on it."""

from django.urls import path

from soar2.exchange import views

urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("held/<int:message>/", views.held, name="held"),
    path("held/<int:message>/settle", views.settle, name="held-settle"),
]
