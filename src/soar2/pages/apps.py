"""The Django app that carries templates, static files and template tags."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Templates, static files and tags for every page; it has no models."""

    name = "soar2.pages"
    label = "pages"
    verbose_name = "Pages"
