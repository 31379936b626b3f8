"""Counts in a memory that outlives who counts."""

from __future__ import annotations

import threading

from holdfast.serving.cells import Cells, Tally


def memory(n_bytes=1 << 16):
    return memoryview(bytearray(n_bytes))


class TestCells:
    def test_a_successor_goes_on_from_what_stood_there(self):
        """A worker that was killed takes no count with it."""
        shared = memory()
        first = Tally(Cells(shared))
        first.add("rows", by=7)

        second = Tally(Cells(shared))
        second.add("rows")

        assert second.sum("rows") == 8

    def test_a_reader_sees_what_a_writer_added_since(self):
        """Also names that the writer did not know when the reader began."""
        shared = memory()
        writer, reader = Cells(shared), Cells(shared)
        writer.numbers[writer.place(("a", "grün"), 2) + 1] += 0.5

        found = reader.read()

        assert found == {("a", "grün"): [0.0, 0.5]}

    def test_an_entry_that_was_half_written_is_none(self):
        """The one who wrote it was killed; what it had counted before stands."""
        shared = memory()
        Tally(Cells(shared)).add("rows")
        before = bytes(shared)
        Tally(Cells(shared)).add("torn", by=3)
        shared[:8] = before[:8]  # the count of used bytes, which is written last

        survivor = Tally(Cells(shared))
        survivor.add("new")

        assert survivor.sums() == {("new",): [1.0], ("rows",): [1.0]}

    def test_a_full_memory_fails_no_request(self):
        """What finds no room is not counted; what stands there goes on."""
        tally = Tally(Cells(memory(1024)))
        for number in range(100):
            tally.add("feature", str(number))

        tally.add("feature", "0")
        tally.observe("late", bounds=range(20), value=1)

        assert tally.sum("feature", "0") == 2
        assert tally.sum("feature", "99") == 0
        assert 1 < len(tally.sums()) < 100

    def test_an_entry_of_another_length_is_another_entry(self):
        """A successor of another version may have other bounds."""
        cells = Cells(memory())
        short, long = cells.place(("a",), 2), cells.place(("a",), 5)

        assert short + 2 <= long
        assert cells.place(("a",), 5) == long


class TestTally:
    def test_sums_over_all_workers(self):
        """Whichever of them is asked; a name that only one knows counts as well."""
        parts = [Cells(memory()) for _ in range(3)]
        workers = [Tally(part, parts) for part in parts]
        for n, worker in enumerate(workers, start=1):
            worker.add("rows", by=n)
        workers[2].add("labels", "late")

        found = [worker.sums() for worker in workers]

        assert found == [{("labels", "late"): [1.0], ("rows",): [6.0]}] * 3

    def test_counts_a_value_under_its_bound(self):
        """Bounds are inclusive; the last count lies above all, and the sum follows."""
        tally = Tally()
        for value in (0.05, 0.1, 0.5, 7.0):
            tally.observe("seconds", bounds=(0.1, 1), value=value)

        assert tally.sums()["seconds",] == [2, 1, 1, 7.65]

    def test_loses_nothing_between_threads(self):
        """Requests are answered in many."""
        tally = Tally()

        def count():
            for _ in range(2_000):
                tally.add("rows")

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert tally.sum("rows") == 8_000
