from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "soar2.watch"
    label = "watch"
    default_auto_field = "django.db.models.BigAutoField"
