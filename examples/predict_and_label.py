"""Ask a running server for a prediction, and tell it later what came true.

Needs nothing but Python. Start `holdfast up` in a project, then:

    python examples/predict_and_label.py http://127.0.0.1:8000
"""

# ruff: noqa: INP001, S310, T201 - a script that prints; its address is the caller's
from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

PATIENCE = 10  # tries while the server says "not now"


def call(url: str, body: dict[str, Any] | None = None) -> Any:
    """Get, or post JSON; wait and try again where the server asks for that."""
    data = None if body is None else json.dumps(body, allow_nan=False).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    for _ in range(PATIENCE):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code != 503:
                raise SystemExit(f"{problem['title']}: {problem['detail']}") from error
            time.sleep(float(error.headers["Retry-After"]))
    raise SystemExit("The server was not available.")


def main(server: str) -> None:
    """Score the model's own example row, report an outcome, and read both back."""
    model = call(f"{server}/v1/model")
    target = model["target"]

    # The id makes the request safe to repeat: the same id and row get the same answer.
    asked = {"id": f"example-{uuid.uuid4()}", "features": model["example"]}
    answer = call(f"{server}/v1/predict", asked)
    again = call(f"{server}/v1/predict", asked)
    print(f"{target['name']}: {answer['decision']} (score {answer['score']:.3f})")
    print(f"asked twice, logged once: {again['prediction_id'] == answer['prediction_id']}")

    # In life this comes days later, when the outcome is known.
    label = {"prediction_id": answer["prediction_id"], "label": target["positive"]}
    fates = call(f"{server}/v1/labels", label)["fates"]
    logged = call(f"{server}/v1/predictions/{answer['prediction_id']}")
    print(f"label {fates[0]}; the log says {logged['label']}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000")
