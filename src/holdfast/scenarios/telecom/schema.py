"""Which columns a telecom customer has, and the words that stand in them."""

from __future__ import annotations

__all__ = [
    "CONTRACTS",
    "ENTITY",
    "FEATURES",
    "FLEX",
    "INTERNET",
    "MONTH_TO_MONTH",
    "NEGATIVE",
    "NULLABLE",
    "PAYMENT_METHODS",
    "POSITIVE",
    "REGIONS",
    "TARGET",
]

ENTITY = "customer_id"
TARGET = "churned"
POSITIVE = "Yes"
NEGATIVE = "No"

FEATURES = (
    "tenure",  # months as a customer, 0 to 72
    "contract",
    "monthly_charge",
    "total_charge",  # all bills so far; can be missing
    "internet_service",
    "payment_method",
    "paperless_billing",
    "senior",  # 0 or 1
    "partner",
    "support_calls",  # in the last 90 days; can be missing
    "data_gb",  # in the last 30 days; can be missing
    "outages",  # in the last 90 days
    "late_payments",  # in the last year
    "plan_age",  # months on the present plan, never more than the tenure
    "region",
)

MONTH_TO_MONTH = "Month-to-month"
FLEX = "Flex"  # sold only once the story says so; no training row holds it
CONTRACTS = (MONTH_TO_MONTH, "One year", "Two year", FLEX)

# "No", not "None": readers of CSV files take the word None for a missing value.
INTERNET = ("Fiber", "DSL", "No")
PAYMENT_METHODS = ("Electronic check", "Mailed check", "Bank transfer", "Credit card")
REGIONS = ("Capital", "North", "East", "South", "West", "Islands")

NULLABLE = {"data_gb": 0.02, "support_calls": 0.01, "total_charge": 0.005}
"""The share of rows in which a feed leaves a column empty, in training and ever after."""
