"""A telecom's customers, month by month, with drift whose dates are known.

`Telecom` makes the traffic; `holdfast.scenarios.telecom.truth` knows what really happened
and is imported on its own, by whoever scores a run afterwards.
"""

from holdfast.scenarios.telecom.labels import LabelArrival, LabelHabits
from holdfast.scenarios.telecom.simulator import Telecom
from holdfast.scenarios.telecom.story import YEAR, Chapter, ShiftKind
from holdfast.scenarios.telecom.traffic import Day, MonthTraffic, Row
from holdfast.scenarios.telecom.training import TrainingSet

__all__ = [
    "YEAR",
    "Chapter",
    "Day",
    "LabelArrival",
    "LabelHabits",
    "MonthTraffic",
    "Row",
    "ShiftKind",
    "Telecom",
    "TrainingSet",
]
