"""Accounts and money."""

from __future__ import annotations

from kling_saas import env
from kling_saas.settings.place import SECURE

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
LOGIN_REDIRECT_URL = "/app/studio"
LOGIN_URL = "/accounts/login/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers take http from this machine alone
SIGNUP_GRANT = env.integer("SIGNUP_GRANT", 60, "Credits given to a new organisation.")
SIGNUP_GRANTS_PER_NETWORK = env.integer(
    "SIGNUP_GRANTS_PER_NETWORK", 3, "Grants per /24 (or /48 of IPv6) and 24 hours."
)
TEST_WALLET_GRANT = env.integer("TEST_WALLET_GRANT", 10_000, "Test credits of a new organisation.")
JWT_MAX_LIFETIME = env.integer("JWT_MAX_LIFETIME", 1800, "Longest life of an access-key JWT, s.")
CREDENTIAL_RECHECK_SECONDS = env.number(
    "CREDENTIAL_RECHECK_SECONDS", 1.0, "How long a revoked key may go on working, s."
)
JWT_LEEWAY = env.integer("JWT_LEEWAY", 30, "Clock skew allowed in a JWT, s.")

USD_PER_CREDIT = env.decimal("USD_PER_CREDIT", "0.028", "List price of one credit in dollars.")
LOW_BALANCE_DAYS = env.integer(
    "LOW_BALANCE_DAYS", 4, "Owners hear when credits last so many days or fewer; 0: never.", least=0
)
REFERRAL_CREDITS = env.integer(
    "REFERRAL_CREDITS", 0, "Credits for an invitation that brought a buyer; 0: none are rewarded.",
    least=0,
)  # fmt: skip
REFERRED_CREDITS = env.integer(
    "REFERRED_CREDITS", 0, "Credits for who came by one, for the first purchase.", least=0
)
REFERRAL_DAYS = env.integer("REFERRAL_DAYS", 365, "Days until both expire.", least=1)
REFERRAL_LEAST_CENTS = env.integer(
    "REFERRAL_LEAST_CENTS", 980, "Least purchase that counts, without tax, cents.", least=1
)
REFERRAL_WAIT_DAYS = env.integer(
    "REFERRAL_WAIT_DAYS",
    14,
    "Days it must stand until it is rewarded; REFUND_DAYS at least.",
    least=0,
)
REFERRALS_A_MONTH = env.integer(
    "REFERRALS_A_MONTH", 20, "At most so many rewards to one organisation a month.", least=1
)
INVITATION_DAYS = env.integer(
    "INVITATION_DAYS", 7, "How long an invitation into an organisation lets in, days.", least=1
)
INVITATIONS_A_DAY = env.integer(
    "INVITATIONS_A_DAY", 50, "People whom one organisation may invite within 24 hours.", least=1
)
ACCOUNT_DELETION_DAYS = env.integer(
    "ACCOUNT_DELETION_DAYS", 14, "Days in which who deleted their account may come back.", least=0
)
QUOTE_MINUTES = env.integer("QUOTE_MINUTES", 15, "How long a quote binds, minutes.", least=1)
