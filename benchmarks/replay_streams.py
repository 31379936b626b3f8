"""Which labelled streams the replay benchmark plays, how they are read, what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.adapters.sources import open_labelled
from holdfast.loop.ingest import DataSpec, ingest

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.loop.ingest import TrainingData

__all__ = ["STREAMS", "Known", "Stream", "read_stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the makers of a stream say of its drift.

    Attributes:
        changes: Rows at which the world changes.
        within: Windows of labelled rows in which each is to be found; None: nothing is asked.
        by_labels: Whether only alarms on labels can find it: the features do not drift.
        harmless: Whether nothing in it harms, so that an alarm of harm would be false.
    """

    changes: tuple[int, ...] = ()
    within: int | None = 1
    by_labels: bool = False
    harmless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A labelled stream, how it is read, and how it is cut into windows."""

    file: str
    target: str
    window: int
    drop: tuple[str, ...] = ()
    header: bool = True
    labels: str | None = None
    known: Known = Known()


STREAMS = {
    "noaa_rainfall_injected": Stream(
        file="rainfall_data.csv.gz", target="rain", window=1000, known=Known(changes=(12_000,))
    ),
    "noaa_weather_nse": Stream(
        file="weather.csv", target="target", window=1000, known=Known(harmless=True)
    ),
    # `date` only counts the days on: a model would learn when, not what.
    "elec2": Stream(file="electricity.csv.gz", target="class", window=1440, drop=("date",)),
    # `duration` is known only once the call is over.
    "bank_marketing": Stream(
        file="bank-additional-full.csv.gz", target="y", window=1500, drop=("duration",)
    ),
    "sea_concepts": Stream(
        file="SEA_training_data.csv",
        labels="SEA_training_class.csv",
        target="class",
        window=1500,
        header=False,
        known=Known(changes=(12_500, 25_000, 37_500), within=3, by_labels=True),
    ),
    # 2,000 rows: eight windows of 125 before its gradual change, which takes two of them.
    "circle_known_drift": Stream(
        file="dataCircleGSev3Sp3Train.csv",
        target="c3",
        window=125,
        header=False,
        known=Known(changes=(1000,), within=None, by_labels=True),
    ),
}
"""The windows of the first five are those of the published figures beside which ours stand."""


def read_stream(folder: Path, stream: Stream) -> TrainingData:
    """Return a stream's rows in their order.

    Args:
        folder: That holds its files.
        stream: Which.
    """
    source = open_labelled(
        folder / stream.file,
        labels=None if stream.labels is None else folder / stream.labels,
        target=stream.target,
        header=stream.header,
    )
    return ingest(source, DataSpec(target=stream.target, drop=stream.drop))
