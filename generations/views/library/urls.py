"""Addresses below the library's own."""

from django.urls import path

from generations.views.library import again, film, labels, trash

urlpatterns = [
    path("trash", trash.page, name="library-trash"),
    path("trash/restore", trash.restore, name="library-restore"),
    path("<str:public_id>", film.film, name="film"),
    path("<str:public_id>/favourite", labels.favourite, name="film-favourite"),
    path("<str:public_id>/labels", labels.write, name="film-labels"),
    path("<str:public_id>/again", again.order, name="film-again"),
    path("<str:public_id>/last-frame", again.last_frame, name="film-last-frame"),
    path("<str:public_id>/trash", trash.throw_away, name="film-trash"),
    path("<str:public_id>/destroy", trash.destroy, name="film-destroy"),
]
