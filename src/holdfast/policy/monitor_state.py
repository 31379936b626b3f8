"""What a champion's monitors have gathered so far, and how that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - msgspec reads it at run time

import msgspec
import numpy as np

from holdfast.domain.errors import CorruptMonitorStateError, CorruptProfileError
from holdfast.drift.sequential import Track
from holdfast.drift.wire import (
    pack_counts,
    pack_floats,
    read_wire,
    unpack_counts,
    unpack_floats,
    write_wire,
)
from holdfast.stats.e_detector import STAKES

__all__ = ["MonitorState"]

_VERSION = 1
_SINGLE = np.dtype("<f4")


class _TrackWire(msgspec.Struct, frozen=True, array_like=True):
    log_m: bytes
    log_c: bytes
    moments: tuple[int, ...]  # the distinct ones of `since`
    since: bytes
    hits: bytes
    rows: bytes


class _StateWire(msgspec.Struct, frozen=True):
    version: int
    digest: str
    seen_until: datetime
    learnt_until: datetime
    n_seen: int
    n_learnt: int
    seeing: _TrackWire
    learning: _TrackWire
    critical: _TrackWire


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonitorState:
    """What a champion's monitors have gathered; each step makes a new one.

    Attributes:
        digest: Of the monitors it belongs to.
        seen_until: End of the last bucket whose features and scores were seen.
        learnt_until: End of the last bucket whose labels were learnt.
        n_seen: Rows seen.
        n_learnt: Labelled rows learnt.
        seeing: What speaks for a change of features or scores.
        learning: Of labels, calibration or harm.
        critical: Of calibration or harm, towards a critical alarm: a warning does not
            take away from it.
    """

    digest: str
    seen_until: datetime
    learnt_until: datetime
    n_seen: int
    n_learnt: int
    seeing: Track
    learning: Track
    critical: Track

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MonitorState) and self._wire() == other._wire()

    __hash__ = None  # type: ignore[assignment]  # holds arrays: equal by content, never a key

    def to_bytes(self) -> bytes:
        """Return the state in compact form."""
        return write_wire(self._wire())

    @classmethod
    def from_bytes(cls, data: bytes) -> MonitorState:
        """Read a state back.

        Raises:
            CorruptMonitorStateError: If the bytes are damaged or of another version.
        """
        try:
            wire = read_wire(data, _StateWire)
            tracks = [_track(each) for each in (wire.seeing, wire.learning, wire.critical)]
        except CorruptProfileError as error:
            raise CorruptMonitorStateError(error.found) from error
        if wire.version != _VERSION:
            raise CorruptMonitorStateError(
                f"its format is version {wire.version}, this Holdfast reads {_VERSION}"
            )
        return cls(
            digest=wire.digest,
            seen_until=wire.seen_until,
            learnt_until=wire.learnt_until,
            n_seen=wire.n_seen,
            n_learnt=wire.n_learnt,
            seeing=tracks[0],
            learning=tracks[1],
            critical=tracks[2],
        )

    def _wire(self) -> _StateWire:
        return _StateWire(
            version=_VERSION,
            digest=self.digest,
            seen_until=self.seen_until,
            learnt_until=self.learnt_until,
            n_seen=self.n_seen,
            n_learnt=self.n_learnt,
            seeing=_track_wire(self.seeing),
            learning=_track_wire(self.learning),
            critical=_track_wire(self.critical),
        )


def _track_wire(track: Track) -> _TrackWire:
    moments, codes = np.unique(track.since.ravel(), return_inverse=True)
    return _TrackWire(
        log_m=track.log_m.astype(_SINGLE).tobytes(),
        log_c=track.log_c.astype(_SINGLE).tobytes(),
        moments=tuple(moments.tolist()),
        since=pack_counts(codes),
        hits=pack_floats(track.hits.ravel()),
        rows=pack_counts(track.rows.ravel()),
    )


def _track(wire: _TrackWire) -> Track:
    """Read a track back.

    Raises:
        CorruptProfileError: If its parts do not fit each other.
    """
    codes = unpack_counts(wire.since)
    hits, rows = unpack_floats(wire.hits), unpack_counts(wire.rows)
    sizes = {codes.size, hits.size, rows.size}
    n_bytes = {len(wire.log_m), len(wire.log_c)}
    if len(sizes) > 1 or n_bytes != {codes.size * _SINGLE.itemsize} or codes.size % STAKES.size:
        raise CorruptProfileError("its parts differ in length")
    if codes.max(initial=-1) >= len(wire.moments):
        raise CorruptProfileError("a moment is not there")
    shape = (-1, STAKES.size)
    return Track(
        log_m=np.frombuffer(wire.log_m, dtype=_SINGLE).astype(np.float32).reshape(shape),
        log_c=np.frombuffer(wire.log_c, dtype=_SINGLE).astype(np.float32).reshape(shape),
        since=np.array(wire.moments, dtype=np.int64)[codes].reshape(shape),
        hits=hits.reshape(shape),
        rows=rows.reshape(shape),
    )
