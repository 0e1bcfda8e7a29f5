"""The feed page, the messages held on it, and the mapping page of each feed."""

from django.urls import path

from soar2.exchange import held_views, mapping_views, views

urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("held/replay", held_views.replay_cause, name="held-replay-cause"),
    path("held/settle", held_views.settle_cause, name="held-settle-cause"),
    path("held/<int:message>/", held_views.held_page, name="held"),
    path("held/<int:message>/bytes", held_views.held_bytes, name="held-bytes"),
    path("held/<int:message>/file", held_views.held_file, name="held-file"),
    path("held/<int:message>/take", held_views.take, name="held-take"),
    path("held/<int:message>/settle", held_views.settle, name="held-settle"),
    path("held/<int:message>/replay", held_views.replay_one, name="held-replay"),
    path("replayed/", held_views.replayed, name="replayed"),
    path("mapping/new/", mapping_views.mapping, name="mapping-new"),
    path("<path:feed>/mapping/", mapping_views.mapping, name="mapping"),
]
