"""Tests of the stored form of counts."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from holdfast.domain.errors import CorruptProfileError
from holdfast.drift.wire import (
    pack_counts,
    pack_floats,
    read_wire,
    unpack_counts,
    unpack_floats,
    write_wire,
)


class Sample(msgspec.Struct):
    name: str


class TestWire:
    def test_reads_back_what_it_wrote(self):
        """Header, compression and MessagePack undo each other."""
        assert read_wire(write_wire(Sample(name="é")), Sample) == Sample(name="é")

    @pytest.mark.parametrize(
        ("spoil", "found"),
        [
            (lambda data: b"", "do not start like a profile"),
            (lambda data: b"PAR1" + data, "do not start like a profile"),
            (lambda data: data[:3] + b"\x09" + data[4:], "version 9, this Holdfast reads 1"),
            (lambda data: data[:-3], "do not parse"),
        ],
    )
    def test_refuses_damaged_bytes_and_says_what_is_wrong(self, spoil, found):
        """Never a half-read profile."""
        data = write_wire(Sample(name="x"))

        with pytest.raises(CorruptProfileError, match=found):
            read_wire(spoil(data), Sample)

    def test_refuses_another_kind_of_content(self):
        """Every field is checked when it is read."""

        class Other(msgspec.Struct):
            number: int

        with pytest.raises(CorruptProfileError, match="do not parse"):
            read_wire(write_wire(Sample(name="x")), Other)


class TestArrays:
    @pytest.mark.parametrize(
        ("largest", "width"), [(0, 1), (255, 1), (256, 2), (70_000, 4), (5_000_000_000, 8)]
    )
    def test_counts_take_the_narrowest_integers_that_hold_them(self, largest, width):
        """And come back as they were."""
        counts = np.array([0, 1, largest])

        packed = pack_counts(counts)

        assert len(packed) == 1 + 3 * width
        assert unpack_counts(packed).tolist() == counts.tolist()

    def test_floats_come_back_bit_for_bit(self):
        """Sums must not lose a digit on disk."""
        values = np.array([0.1, -1e300, 5e-324, 0.0])

        assert unpack_floats(pack_floats(values)).tobytes() == values.tobytes()

    @pytest.mark.parametrize("unpack", [unpack_counts, unpack_floats])
    def test_refuses_arrays_that_are_cut_short(self, unpack):
        """A torn array is named as one."""
        with pytest.raises(CorruptProfileError, match="cut short"):
            unpack(b"\x02abc")
