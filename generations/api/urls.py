"""Addresses below /api/v1/ that are about films."""

from django.urls import path

from generations.api import generations, models, quotes, schema, tasks, things, uploads

urlpatterns = [
    path("quotes", quotes.QuotesView.as_view(), name="api-quotes"),
    path("quotes/<slug:public_id>", quotes.QuoteView.as_view(), name="api-quote"),
    path("generations", generations.GenerationsView.as_view(), name="api-generations"),
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
    path("models", models.ModelsView.as_view(), name="api-models"),
    path("models/<str:name>", models.ModelView.as_view(), name="api-model"),
    path("tasks", tasks.TasksView.as_view(), name="api-tasks"),
    path("tasks/<str:name>", tasks.TaskView.as_view(), name="api-task"),
    path("voices", things.ThingsView.as_view(sort="voice"), name="api-voices"),
    path("voices/<str:name>", things.ThingView.as_view(sort="voice"), name="api-voice"),
    path("elements", things.ThingsView.as_view(sort="element"), name="api-elements"),
    path("elements/<str:name>", things.ThingView.as_view(sort="element"), name="api-element"),
    path("uploads", uploads.UploadsView.as_view(), name="api-uploads"),
    path("schema", schema.SchemaView.as_view(), name="api-schema"),
]
