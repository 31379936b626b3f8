"""What a worker is told reaches it whole."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from holdfast.cli.worker import Orders
from holdfast.settings import Settings, load_settings

CONFIG = """\
[data]
path = "customers.csv"
target = "left"
drop = ["id", "name"]
[train]
aim = { recall = 0.8 }
[monitor]
bucket = "6h"
window = "1d"
[store]
retention = "4000d"
[serving]
workers = 3
drain = "90s"
"""


class TestOrders:
    def test_carry_every_setting(self, tmp_path):
        """As the supervisor read them, whatever became of the file since."""
        (tmp_path / "holdfast.toml").write_text(CONFIG)
        settings = load_settings(tmp_path, environment={"HOLDFAST_STORE__RELEASES": "elsewhere"})
        orders = Orders(
            settings=settings.model_dump_json(),
            number=2,
            n_workers=3,
            exposed=True,
            listening=7,
            commons=8,
            reports=9,
        )

        told = msgspec.json.decode(msgspec.json.encode(orders), type=Orders)

        assert told == orders
        assert Settings.model_validate_json(told.settings) == settings


class TestMain:
    def test_says_what_starts_it_to_whoever_runs_it_by_hand(self):
        """It would wait for orders for ever."""
        done = subprocess.run(
            [sys.executable, "-m", "holdfast.cli.worker"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert done.returncode == 1
        assert "holdfast serve --workers" in done.stderr
