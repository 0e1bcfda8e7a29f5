from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "soar2.pathway.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"
