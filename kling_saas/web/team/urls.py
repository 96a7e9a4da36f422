"""Addresses under /app/team."""

from django.urls import path

from kling_saas.web.team import audit, budgets, invitations, members, organisation, roles

urlpatterns = [
    path("members/<str:name>", members.member, name="member"),
    path("members/<str:name>/role", members.change_role, name="member-role"),
    path("members/<str:name>/remove", members.remove, name="member-remove"),
    path("invitations", invitations.invited, name="invitations"),
    path("invitations/<str:public_id>/resend", invitations.resend, name="invitation-resend"),
    path("invitations/<str:public_id>/revoke", invitations.revoke, name="invitation-revoke"),
    path("roles", roles.roles, name="roles"),
    path("budgets", budgets.budgets, name="budgets"),
    path("audit", audit.lines, name="audit"),
    path("audit.csv", audit.as_csv, name="audit-csv"),
    path("organisation", organisation.organisation, name="team-organisation"),
    path("organisation/new", organisation.another, name="organisation-new"),
]
