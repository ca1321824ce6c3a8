"""``make bench-policy``: what a policy decision takes, beside iam-simulate and Cedar on the same sets of rules.

The engines are programs of their own and take turns, round after round, so that a busy spell of the machine meets all of
them. Told are the median of the rounds and how far they lie apart. ``--quick`` looks whether it all works.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes import scenes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".bench-venv" / "bin" / "python"
ORACLE = ROOT / "tests" / "oracle"
"""Where the tests keep iam-simulate, in the versions that its package.json pins."""
ROUNDS = 7
MODES = ("warm, allowed", "warm, refused", "warm, refused, not explained", "cold, allowed", "cold, refused")
INSIDE = ("engine, allowed", "engine, refused")

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Engine:
    """A program that times one engine."""

    name: str
    command: tuple[str, ...]

    def figures(self, asked: str) -> Figures:
        done = subprocess.run(self.command, input=asked, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: {done.stderr[-2_000:]}")
        found: Figures = json.loads(done.stdout)
        return found


def engines(*, alone: bool) -> list[Engine]:
    """Daypass, and those of its peers that are here."""
    found = [Engine("Daypass", (sys.executable, str(HERE / "time_daypass.py")))]
    if alone:
        return found
    if PEERS.exists():
        found.append(Engine("Cedar", (str(PEERS), str(HERE / "time_cedar.py"))))
    else:
        print(f"not compared with Cedar: there is no {PEERS} (make bench-policy makes it)", file=sys.stderr)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("not compared with iam-simulate: it needs node and npm", file=sys.stderr)
        return found
    if not (ORACLE / "node_modules").is_dir():
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        subprocess.run(command, cwd=ORACLE, check=True, stdout=sys.stderr)
    return [*found, Engine("iam-simulate", (node, str(HERE / "time_simulate.mjs"), str(ORACLE)))]


def measured(found: list[Engine], rounds: int) -> dict[str, list[Figures]]:
    """Every engine's figures, round after round."""
    asked = json.dumps([scene.as_json() for scene in scenes()])
    kept: dict[str, list[Figures]] = {engine.name: [] for engine in found}
    for number in range(rounds):
        for engine in found if number % 2 == 0 else reversed(found):
            kept[engine.name].append(engine.figures(asked))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return kept


def table(kept: dict[str, list[Figures]]) -> str:
    """In Markdown: microseconds, the median of the rounds and in brackets the least and the most."""
    lines = ["| policies | decision | " + " | ".join(kept) + " |", "|---|---|" + "--:|" * len(kept)]
    for scene in scenes():
        for mode in (*MODES, *INSIDE):
            cells = [_cell([figures[scene.name].get(mode) for figures in rounds]) for rounds in kept.values()]
            if any(cells):
                lines.append(f"| {scene.name} | {mode} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{_short(statistics.median(known))} ({_short(min(known))}-{_short(max(known))})" if known else ""


def _short(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else "unknown processor"
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{len(models)} processors ({model}), Python {sys.version.split()[0]}, load average {load}"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round: only look whether it all works")
    parser.add_argument("--alone", action="store_true", help="Daypass only, without its peers")
    chosen = parser.parse_args()
    about = machine()
    kept = measured(engines(alone=chosen.alone), 1 if chosen.quick else ROUNDS)
    print(f"{about}\n\nMicroseconds.\n\n{table(kept)}")
    results = HERE.parent / "results"
    results.mkdir(exist_ok=True)
    file = results / f"policy-{time.strftime('%Y%m%dT%H%M%S')}.json"
    written: dict[str, Any] = {"machine": about, "rounds": kept}
    file.write_text(json.dumps(written, indent=1) + "\n")
    print(f"also in {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
