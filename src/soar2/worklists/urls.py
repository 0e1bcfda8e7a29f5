"""The worklist, the patient's page and a report's page. Patients and reports are named by random ids."""

from django.urls import path

from soar2.worklists import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("worklist/pulse", views.pulse, name="worklist-pulse"),
    path("worklist/pane/<str:case_code>/", views.pane, name="worklist-pane"),
    path("patients/<uuid:patient>/", views.patient, name="patient"),
    path("reports/<uuid:report>/", views.report, name="report"),
    path("reports/<uuid:report>/read", views.mark_read, name="report-read"),
]
