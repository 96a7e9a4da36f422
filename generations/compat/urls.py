"""Every dialect below its prefix, and the literal paths at the root."""

from django.urls import include, path, re_path

from generations.compat import literal
from generations.compat.kling import urls as kling
from generations.compat.kling import views as kling_views
from generations.compat.openai import urls as openai
from generations.compat.openai import views as openai_views
from generations.compat.segmind import urls as segmind
from generations.compat.segmind import views as segmind_views

urlpatterns = [
    path("kling/", include("generations.compat.kling.urls")),
    path("segmind/", include("generations.compat.segmind.urls")),
    path("llmprovider/", include("generations.compat.llmprovider.urls")),
    path("openai/", include("generations.compat.openai.urls")),
    re_path(rf"^{kling.PRODUCT}/*$", literal.products),
    re_path(rf"^{kling.PRODUCT}/+(?P<label>[^/].*?)/*$", literal.task),
    *kling.OTHERS,
    *kling.OWN,
    re_path(r"^account/costs/*$", kling_views.costs),
    re_path(openai.ALL, literal.unless_segmind(openai_views.videos)),
    re_path(openai.NOT_MADE, literal.unless_segmind(openai_views.unknown)),
    *(
        re_path(openai.ONE.format(openai.OURS) + rest, literal.unless_segmind(v))
        for rest, v in openai.BELOW
    ),
    *segmind.FIXED,
    path("v1/<str:slug>", literal.slug),
    re_path(r"^v1/", literal.unknown),
    re_path(r"^v2/", segmind_views.unknown),
]
