"""Below /kling/. Clients put `//` before ids and `/` after them; both are borne."""

from django.urls import path, re_path

from generations.catalogue.products.registry import PRODUCTS
from generations.compat.describing import DOCUMENT
from generations.compat.kling import openapi, own, views
from generations.wire.kling.own import DELETIONS, PRESETS

PRODUCT = r"v1/videos/(?P<kind>text2video|image2video)"
OTHERS = [
    pattern
    for name, product in PRODUCTS.items()
    for pattern in (
        re_path(rf"^{product.path[1:]}/*$", views.products, {"kind": name}),
        re_path(rf"^{product.path[1:]}/+(?P<label>[^/].*?)/*$", views.task, {"kind": name}),
    )
]
OWN = [
    re_path(rf"^{address.path[1:]}/*$", view, {"sort": address.sort})
    for view, addresses in ((own.listed, PRESETS), (own.delete, DELETIONS))
    for address in addresses
]
urlpatterns = [
    re_path(rf"^{PRODUCT}/*$", views.products),
    re_path(rf"^{PRODUCT}/+(?P<label>[^/].*?)/*$", views.task),
    *OTHERS,
    *OWN,
    re_path(r"^account/costs/*$", views.costs),
    path(DOCUMENT, openapi.view),
    re_path(r"", views.unknown),
]
