from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "soar2.record"
    label = "record"
    default_auto_field = "django.db.models.BigAutoField"
