from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "soar2.pathway.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The last stage of the route wires the table: an earlier stage may not import a later one.
        from soar2.pathway import flow
        from soar2.record import ledger

        ledger.follow(flow.dispatch)
