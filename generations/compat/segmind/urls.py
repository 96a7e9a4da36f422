"""Below /segmind/, and at the root for clients whose path cannot be changed."""

from django.urls import path, re_path

from generations.compat.describing import DOCUMENT
from generations.compat.segmind import openapi, views

FIXED = [
    path("v1/get-user-credits", views.credits_left),
    path("v1/requests/<slug:public_id>", views.result_v1),
    path("v2/requests/<slug:public_id>", views.result_v2),
    path("v2/requests/<slug:public_id>/status", views.status_v2),
    path("v2/<str:slug>", views.create_v2),
]
urlpatterns = [
    *FIXED,
    path("v1/<str:slug>", views.create_v1),
    path(DOCUMENT, openapi.view),
    re_path(r"", views.unknown),
]
