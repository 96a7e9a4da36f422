"""Addresses below the library's own."""

from django.urls import path

from generations.views.library import again, bulk, comparing, film, labels, links, shelves, trash

urlpatterns = [
    path("trash", trash.page, name="library-trash"),
    path("trash/restore", trash.restore, name="library-restore"),
    path("bulk", bulk.act, name="library-bulk"),
    path("compare", comparing.compare, name="library-compare"),
    path("collections", shelves.shelves, name="library-shelves"),
    path("collections/new", shelves.make, name="library-shelf-new"),
    path("collections/<str:public_id>", shelves.shelf, name="library-shelf"),
    path("collections/<str:public_id>/name", shelves.rename, name="library-shelf-name"),
    path("collections/<str:public_id>/remove", shelves.remove, name="library-shelf-remove"),
    path("<str:public_id>", film.film, name="film"),
    path("<str:public_id>/favourite", labels.favourite, name="film-favourite"),
    path("<str:public_id>/labels", labels.write, name="film-labels"),
    path("<str:public_id>/again", again.order, name="film-again"),
    path("<str:public_id>/last-frame", again.last_frame, name="film-last-frame"),
    path("<str:public_id>/put", shelves.put, name="film-put"),
    path("<str:public_id>/take", shelves.take, name="film-take"),
    path("<str:public_id>/share", links.make, name="film-share"),
    path("<str:public_id>/revoke", links.revoke, name="film-revoke"),
    path("<str:public_id>/trash", trash.throw_away, name="film-trash"),
    path("<str:public_id>/destroy", trash.destroy, name="film-destroy"),
]
