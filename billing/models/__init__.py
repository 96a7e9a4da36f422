"""Records of money: wallets, what was posted to them, prices, offers, and what was paid."""

from billing.models.closing import DayClose
from billing.models.gifts import MOST_LETTERS, Gift, GiftStatus
from billing.models.ledger import Account, Hold, HoldLot, HoldStatus, Transfer, TransferType
from billing.models.notices import Notice
from billing.models.offers import Pack, Plan, PlanPrice, Voucher, VoucherUse
from billing.models.payments import (
    AT_CHECKOUT,
    Dispute,
    EventState,
    PaymentCustomer,
    PaymentEvent,
    Purchase,
    PurchaseKind,
    PurchaseStatus,
    Refund,
    RefundStatus,
    Subscription,
    Vendor,
    WalletSettings,
)
from billing.models.prices import BookStatus, Price, PriceBook
from billing.models.quote import Quote
from billing.models.referrals import Referral, ReferralCode, ReferralState
from billing.models.spending import (
    ApprovalRequest,
    ApprovalStatus,
    Cap,
    CapAlert,
    CapPeriod,
    CapRaise,
    CapScope,
    EndUserSum,
    Spending,
)
from billing.models.wallet import Lot, LotSource, Wallet, WalletFreeze

__all__ = [
    "AT_CHECKOUT",
    "MOST_LETTERS",
    "Account",
    "ApprovalRequest",
    "ApprovalStatus",
    "BookStatus",
    "Cap",
    "CapAlert",
    "CapPeriod",
    "CapRaise",
    "CapScope",
    "DayClose",
    "Dispute",
    "EndUserSum",
    "EventState",
    "Gift",
    "GiftStatus",
    "Hold",
    "HoldLot",
    "HoldStatus",
    "Lot",
    "LotSource",
    "Notice",
    "Pack",
    "PaymentCustomer",
    "PaymentEvent",
    "Plan",
    "PlanPrice",
    "Price",
    "PriceBook",
    "Purchase",
    "PurchaseKind",
    "PurchaseStatus",
    "Quote",
    "Referral",
    "ReferralCode",
    "ReferralState",
    "Refund",
    "RefundStatus",
    "Spending",
    "Subscription",
    "Transfer",
    "TransferType",
    "Vendor",
    "Voucher",
    "VoucherUse",
    "Wallet",
    "WalletFreeze",
    "WalletSettings",
]
