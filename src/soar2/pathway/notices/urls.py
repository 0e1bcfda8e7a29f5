"""The notice card and the answers to it. Only the case code stands in an address, never a patient."""

from django.urls import path

from soar2.pathway.notices import views

urlpatterns = [
    path("notices/<str:case_code>/", views.card, name="notice"),
    path("notices/<str:case_code>/pulse", views.pulse, name="notice-pulse"),
    path("notices/<str:case_code>/steps/<int:step>/done", views.done, name="notice-step-done"),
    path("notices/<str:case_code>/<slug:kind>", views.answer, name="notice-answer"),
]
