"""Addresses below /api/v1/ that are about the organisation itself."""

from django.urls import path

from accounts.api import calls, organisation, webhooks

_ONE = "webhooks/<slug:public_id>"
_DELIVERY = f"{_ONE}/deliveries/<slug:delivery>"
_INVITATION = "organisation/invitations/<slug:public_id>"
urlpatterns = [
    path("organisation", organisation.OrganisationView.as_view(), name="api-organisation"),
    path("organisation/members", organisation.MembersView.as_view(), name="api-members"),
    path("organisation/members/<str:name>", organisation.MemberView.as_view(), name="api-member"),
    path(
        "organisation/invitations", organisation.InvitationsView.as_view(), name="api-invitations"
    ),
    path(_INVITATION, organisation.InvitationView.as_view(), name="api-invitation"),
    path("webhooks", webhooks.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/signing-secret", webhooks.SigningSecretView.as_view(), name="api-signing"),
    path(
        "webhooks/signing-secret/rotate",
        webhooks.RotateSigningSecretView.as_view(),
        name="api-signing-rotate",
    ),
    path("requests", calls.CallsView.as_view(), name="api-calls"),
    path("requests/<str:request_id>", calls.CallView.as_view(), name="api-call"),
    path(_ONE, webhooks.WebhookView.as_view(), name="api-webhook"),
    path(f"{_ONE}/rotate-secret", webhooks.RotateView.as_view(), name="api-webhook-rotate"),
    path(f"{_ONE}/test", webhooks.TestView.as_view(), name="api-webhook-test"),
    path(f"{_ONE}/resend", webhooks.ResendView.as_view(), name="api-webhook-resend"),
    path(f"{_ONE}/deliveries", webhooks.DeliveriesView.as_view(), name="api-deliveries"),
    path(_DELIVERY, webhooks.DeliveryView.as_view(), name="api-delivery"),
    path(f"{_DELIVERY}/resend", webhooks.ResendOneView.as_view(), name="api-delivery-resend"),
]
