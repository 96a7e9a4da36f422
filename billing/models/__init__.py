"""Records of money: wallets, what was posted to them, prices, and offers that bind."""

from billing.models.ledger import Account, Hold, HoldLot, HoldStatus, Transfer, TransferType
from billing.models.prices import BookStatus, Price, PriceBook
from billing.models.quote import Quote
from billing.models.wallet import Lot, LotSource, Wallet

__all__ = [
    "Account",
    "BookStatus",
    "Hold",
    "HoldLot",
    "HoldStatus",
    "Lot",
    "LotSource",
    "Price",
    "PriceBook",
    "Quote",
    "Transfer",
    "TransferType",
    "Wallet",
]
