"""Addresses below /api/v1/ that are about films."""

from django.urls import path

from generations.api import (
    batch,
    events,
    generations,
    models,
    quotes,
    schema,
    shares,
    shelves,
    tasks,
    things,
    uploads,
    videos,
)

urlpatterns = [
    path("quotes", quotes.QuotesView.as_view(), name="api-quotes"),
    path("quotes/<slug:public_id>", quotes.QuoteView.as_view(), name="api-quote"),
    path("generations", generations.GenerationsView.as_view(), name="api-generations"),
    path("generations/batch", batch.BatchView.as_view(), name="api-batch"),
    path(
        "generations/<slug:public_id>",
        generations.GenerationView.as_view(),
        name="api-generation",
    ),
    path(
        "generations/<slug:public_id>/cancel",
        generations.CancelView.as_view(),
        name="api-generation-cancel",
    ),
    path(
        "generations/<slug:public_id>/content",
        generations.ContentView.as_view(),
        name="api-generation-content",
    ),
    path(
        "generations/<slug:public_id>/events",
        generations.EventsView.as_view(),
        name="api-generation-events",
    ),
    path("videos", videos.VideosView.as_view(), name="api-videos"),
    path("videos/bulk", videos.BulkView.as_view(), name="api-videos-bulk"),
    path("videos/<slug:name>", videos.VideoView.as_view(), name="api-video"),
    path("videos/<slug:name>/restore", videos.RestoreView.as_view(), name="api-video-restore"),
    path("videos/<slug:name>/shares", shares.SharesView.as_view(), name="api-video-shares"),
    path("shares/<slug:public_id>", shares.ShareView.as_view(), name="api-share"),
    path("collections", shelves.CollectionsView.as_view(), name="api-collections"),
    path("collections/<slug:public_id>", shelves.CollectionView.as_view(), name="api-collection"),
    path(
        "collections/<slug:public_id>/videos/<slug:name>",
        shelves.PlacementView.as_view(),
        name="api-collection-video",
    ),
    path("models", models.ModelsView.as_view(), name="api-models"),
    path("models/<str:name>", models.ModelView.as_view(), name="api-model"),
    path("tasks", tasks.TasksView.as_view(), name="api-tasks"),
    path("tasks/<str:name>", tasks.TaskView.as_view(), name="api-task"),
    path("voices", things.ThingsView.as_view(sort="voice"), name="api-voices"),
    path("voices/<str:name>", things.ThingView.as_view(sort="voice"), name="api-voice"),
    path("elements", things.ThingsView.as_view(sort="element"), name="api-elements"),
    path("elements/<str:name>", things.ThingView.as_view(sort="element"), name="api-element"),
    path("events", events.FeedView.as_view(), name="api-events"),
    path("events/<slug:public_id>", events.EventView.as_view(), name="api-event"),
    path("uploads", uploads.UploadsView.as_view(), name="api-uploads"),
    path("uploads/presign", uploads.PresignView.as_view(), name="api-uploads-presign"),
    path("uploads/incoming/<str:token>", uploads.IncomingView.as_view(), name="api-incoming"),
    path("uploads/<slug:public_id>", uploads.UploadView.as_view(), name="api-upload"),
    path(
        "uploads/<slug:public_id>/complete",
        uploads.CompleteView.as_view(),
        name="api-upload-complete",
    ),
    path("openapi.json", schema.SchemaView.as_view(), name="api-openapi"),
    path("schema", schema.SchemaView.as_view(), name="api-schema"),
]
