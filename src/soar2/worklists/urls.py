"""The worklist, the patient's page, a report's page, the audit. Patients and reports are named by random ids."""

from django.urls import path

from soar2.worklists import audit_views, compose_views, views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("worklist/pulse", views.pulse, name="worklist-pulse"),
    path("worklist/pane/<str:case_code>/", views.pane, name="worklist-pane"),
    path("patients/<uuid:patient>/", views.patient, name="patient"),
    path("patients/<uuid:patient>/compose/", compose_views.compose, name="compose"),
    path("patients/<uuid:patient>/composed/<int:message>/", compose_views.filed, name="composed-filed"),
    path("mine/", compose_views.mine, name="own-reports"),
    path("patients/<uuid:patient>/compose/composed", compose_views.composed, name="composed"),
    path("reports/<uuid:report>/", views.report, name="report"),
    path("reports/<uuid:report>/read", views.mark_read, name="report-read"),
    path("audit/", audit_views.find, name="audit"),
    path("audit/patients/<uuid:patient>/", audit_views.of_patient, name="audit-patient"),
    path("audit/patients/<uuid:patient>/csv", audit_views.of_patient_csv, name="audit-patient-csv"),
    path("audit/people/<int:person>/", audit_views.of_person, name="audit-person"),
    path("audit/people/<int:person>/csv", audit_views.of_person_csv, name="audit-person-csv"),
]
