"""Addresses of the app: studio, jobs, library."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import RedirectView

from generations.views import batch, jobs, pictures, recipes, studio, tray
from generations.views.library import grid

urlpatterns = [
    path("", login_required(RedirectView.as_view(pattern_name="studio"))),
    path("studio", studio.studio, name="studio"),
    path("pictures", pictures.pictures, name="pictures"),
    path("studio/batch", batch.batch, name="batch"),
    path("recipes", recipes.keep, name="recipes"),
    path("recipes/<str:public_id>/remove", recipes.remove, name="recipe-remove"),
    path("events/<slug:name>", tray.feed, name="feed"),
    path("tray", tray.tray, name="tray"),
    path("tray/seen", tray.seen, name="tray-seen"),
    path("jobs", jobs.jobs, name="jobs"),
    path("jobs/<str:public_id>", jobs.job, name="job"),
    path("jobs/<str:public_id>/card", jobs.fragment, name="job-card"),
    path("jobs/<str:public_id>/cancel", jobs.cancel, name="job-cancel"),
    path("library", grid.library, name="library"),
    path("library/", include("generations.views.library.urls")),
]
