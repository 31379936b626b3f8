"""Replay labelled streams through the loop and through simpler policies; write what came out.

Run with `make bench`; `--only STREAM` measures some of them. The streams lie in HOLDFAST_DATA;
nothing here is tuned on them, and every policy has the same trainers, warm-up, delay and
windows. The verdicts are written down as they come.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Run as a script, this folder's parent is not among the places modules are looked for.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import machine
from benchmarks.publishing import asking
from benchmarks.replay_bars import YARDSTICK, compared, found, overall
from benchmarks.replay_streams import STREAMS, read_stream

from holdfast import __version__
from holdfast.adapters.clocks.cpu import cpu_seconds
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.contained import ContainedTrainer
from holdfast.loop.replay import replay
from holdfast.loop.timetable import schedule
from holdfast.settings import settings_for
from holdfast.wiring.contenders import contenders_of
from holdfast.wiring.control import plan_of
from holdfast.wiring.trainers import trainers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.replay_bars import Figures
    from benchmarks.replay_streams import Stream

    from holdfast.loop.replayed import PolicyRun, Replay
    from holdfast.ports.trainer import Trainer
    from holdfast.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "replay.json"
LABEL_DELAY = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay each stream and write the figures beside the machine's name."""
    parser = asking(__doc__, RESULT)
    parser.add_argument("--only", action="append", choices=STREAMS, help="only this stream")
    parser.add_argument("--policy", action="append", default=[], help="a further policy")
    options = parser.parse_args(arguments)
    began, wanted = time.perf_counter(), options.only or list(STREAMS)
    known = _measured_before(options.output) if options.only else {}
    measured = {
        name: examine(options.data / name, STREAMS[name], options.policy) for name in wanted
    }
    every = known | measured
    streams = {name: every[name] for name in STREAMS if name in every}
    result = {
        "holdfast": __version__,
        "machine": machine(),
        "seconds": round(time.perf_counter() - began, 1),
        **summed(streams),
    }
    options.output.write_text(
        json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    print(shown(result))
    print(f"Wrote {options.output} after {result['seconds']} s")
    return 0


def _measured_before(output: Path) -> dict[str, Any]:
    """Return the streams that a file of figures holds, by which one is measured anew."""
    if not output.exists():
        return {}
    streams: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))["streams"]
    return {name: stream for name, stream in streams.items() if "figures" in stream}


def examine(folder: Path, stream: Stream, more: Sequence[str] = ()) -> dict[str, Any]:
    """Replay a stream and return the figures of every policy.

    Args:
        folder: That holds the stream.
        stream: Which.
        more: Further policies by name.
    """
    data = read_stream(folder, stream)
    given = {"data": {"target": stream.target}}
    settings = settings_for(ROOT / "benchmarks", **given)
    plan = plan_of(settings)
    began = time.perf_counter()
    played = replay(
        data,
        schedule(len(data), window=stream.window, label_delay=LABEL_DELAY),
        plan=plan,
        trainers=_trainers(settings),
        runtime=OnnxRuntime(),
        contenders=contenders_of([plan.decision.name, *more], ROOT / "benchmarks", given),
        cpu=cpu_seconds,
    )
    seconds = time.perf_counter() - began
    print(f"{folder.name} ({seconds:.1f} s)", file=sys.stderr)
    return result_of(played, stream) | {"seconds_all_policies": round(seconds, 2)}


def _trainers(settings: Settings) -> list[Trainer]:
    """Return the trainers as they are, in this process: nothing here hangs or is hostile."""
    return [
        trainer.trainer if isinstance(trainer, ContainedTrainer) else trainer
        for trainer in trainers_of(settings)
    ]


def result_of(played: Replay, stream: Stream) -> dict[str, Any]:
    """Return what a stream's replay came to."""
    runs = {run.name: run for run in played.runs}
    figures = {name: _figures(run) for name, run in runs.items()}
    return {
        "windows": played.schedule.n_windows,
        "rows_per_window": stream.window,
        "label_delay": LABEL_DELAY,
        "policies": {name: run.summary() for name, run in runs.items()},
        "against_every_window": {
            name: compared(each, figures[YARDSTICK])
            for name, each in figures.items()
            if name != YARDSTICK
        },
        "found": found(played.project, stream.known, played),
        "figures": figures,
    }


def _figures(run: PolicyRun) -> Figures:
    return {
        name: [_short(window.figure(name)) for window in run.windows]
        for name in ("roc_auc", "brier")
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def summed(streams: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the streams with what every policy comes to over all of them."""
    shared = set.intersection(*(set(each["against_every_window"]) for each in streams.values()))
    first = next(iter(streams.values()))["against_every_window"]
    return {
        "policy": next(iter(first)),  # whose bars these are
        "overall": {name: overall(streams, name) for name in first if name in shared},
        "found": {name: stream["found"]["holds"] for name, stream in streams.items()},
        "streams": streams,
    }


def shown(result: dict[str, Any]) -> str:
    """Return the figures for a terminal."""
    lines = []
    for name, stream in result["streams"].items():
        lines.append(f"{name}, {stream['windows']} x {stream['rows_per_window']} rows")
        for policy, means in stream["policies"].items():
            lines.append(
                f"  {policy:<24} AUC {means['mean_roc_auc']:.3f}  Brier {means['mean_brier']:.3f}"
                f"  {means['retrains']:>2} retrains {means['promotions']:>2} promotions"
                f" {means['fits']:>4} fits {means['cpu_seconds']:>6.1f} s"
                + _against(stream["against_every_window"].get(policy))
            )
        lines += [
            f"  change at {change['row']:,}: found at {change['found_at']}"
            for change in stream["found"]["changes"]
        ]
    for policy, total in result["overall"].items():
        lines.append(
            f"{policy}: {total['mean_difference_roc_auc']:+.4f} AUC, {total['retrains']} of "
            f"{total['retrains_of_every_window']} retrains; "
            + ("all bars hold" if total["holds"] else f"bars do not hold: {total['bars']}")
        )
    return "\n".join(lines)


def _against(compared_to: dict[str, Any] | None) -> str:
    if compared_to is None:
        return ""
    auc, brier = compared_to["roc_auc"], compared_to["brier"]
    verdict = "holds" if compared_to["holds"] else "fails"
    return (
        f"  AUC {auc['mean']:+.4f} [{auc['low']:+.4f}, {auc['high']:+.4f}]"
        f"  Brier {brier['mean']:+.4f} [{brier['low']:+.4f}, {brier['high']:+.4f}]  {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
