"""What a policy costs."""

from __future__ import annotations

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.tables import encode_table
from holdfast.loop.tally import Cost, Tally
from holdfast.testing.project import example_candidate, world_rows


def fit(trainer):
    table, labels = world_rows(200, seed=1)
    contract = example_candidate().contract
    return trainer.fit(encode_table(table, contract), labels, contract=contract, seed=0)


class TestTally:
    def test_counts_the_fits_of_all_its_trainers_since_the_beginning(self):
        """A new beginning counts anew: policies are played one after the other."""
        tally = Tally()
        one, other = tally.watched([LogisticRegressionTrainer(), LogisticRegressionTrainer()])

        fit(one)
        tally.begin()
        fit(one)
        fit(other)

        assert tally.cost == Cost(fits=2, cpu_seconds=None)

    def test_a_counted_trainer_is_the_one_that_it_counts(self):
        """By name and by what it fits."""
        plain = LogisticRegressionTrainer()
        (watched,) = Tally().watched([plain])

        assert watched.name == plain.name
        assert fit(watched).parameters == fit(plain).parameters

    def test_asks_the_clock_at_the_beginning_and_at_the_end(self):
        """The difference is what the policy took."""
        seconds = iter([10.0, 12.5])
        tally = Tally(lambda: next(seconds))

        tally.begin()

        assert tally.cost.cpu_seconds == 2.5
