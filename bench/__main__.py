"""Measure Ketnoi on this machine: `make bench OUT=FILE`.

Everything is compared with something else in the same run, in turns; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.citizen_page import citizen_page
from bench.crypto import SignAndVerify
from bench.identity import identity_over_population
from bench.load import Load, SoapQuestions
from bench.loading import load_over_copy, lookups_by_size
from bench.lookups import GatheredLookups, Pgbench
from bench.memory import registry_memory
from bench.portal import lists
from bench.sides import Side, take_turns
from bench.worlds import CALM, UnsignedWorld, numbers, straight_to_the_registry, through_both_servers
from ketnoi_testbed.world import World

CALLERS = 32
"""Callers side by side: so many that every server always has something to do. With fewer, part of what is measured is
going to sleep and waking up."""
PEOPLE = 100_000
MANY = 500_000
PARTS = ("exchanges", "identity", "citizen", "portal", "demo", "load", "size", "memory")


def main() -> int:
    """Run all measurements, print a table, write the object; 0 when everything could be measured."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--out", type=Path, help="write one JSON object here")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each side, at least")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--callers", type=int, default=CALLERS)
    parser.add_argument("--many", type=int, default=MANY, help="people of the large register among which is looked up")
    parser.add_argument("--csv", type=Path, help="a file of so many people, when it is there already")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    options = parser.parse_args()
    parts = {
        "exchanges": lambda: _exchanges(options.seconds, options.people, options.callers),
        "identity": lambda: identity_over_population(options.seconds, options.people, options.callers, _say),
        "citizen": lambda: citizen_page(options.seconds / 3, 2_000, _say),
        "portal": lambda: lists(options.seconds, _say),
        "demo": lambda: _first_answer(options.people),
        "load": lambda: load_over_copy(options.people * 2, _say),
        "memory": lambda: registry_memory(options.seconds * 20, options.people, options.callers, _say),
        "size": lambda: lookups_by_size(options.many, options.csv, options.seconds, _say),
    }
    found: dict[str, float] = {}
    for part in options.only:
        found |= parts[part]()
    _show(found)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _exchanges(seconds: float, people: int, callers: int) -> dict[str, float]:
    with ExitStack() as stack:
        _say(f"two worlds of {people:,} people, each server a process")
        real = stack.enter_context(World(people=people, processes=True, pace=CALM))
        bare = stack.enter_context(UnsignedWorld(people=1_000, processes=True, pace=CALM))
        ways = {
            "signed": through_both_servers(real),
            "unsigned": through_both_servers(bare),
            "direct": straight_to_the_registry(real),
            "in SOAP": through_both_servers(real, SoapQuestions),
        }
        signed, unsigned, direct, in_soap = (
            Side(name, Load(way.target, way.questions, callers).run, way.pids) for name, way in ways.items()
        )
        bare_crypto = SignAndVerify()
        crypto = Side("crypto", bare_crypto.run)
        _say(f"exchanges, {callers} callers, {seconds:.0f} s a side")
        take_turns((signed, unsigned, direct, in_soap, crypto), seconds, _say)

        asked = numbers(real)
        postgres = real.premises.postgres
        assert postgres is not None
        gathered = Side("look-ups", GatheredLookups(real.registry.database, asked).run)
        pgbench = Side("pgbench", Pgbench(postgres.folder, real.registry.database, asked, real.folder).run)
        _say("look-ups by personal number")
        take_turns((gathered, pgbench), seconds, _say)
    server_cpu = max(signed.cpu_per_operation("consumer"), signed.cpu_per_operation("provider"))
    return {
        "signed_over_unsigned": signed.rate / unsigned.rate,
        "server_cpu_over_crypto": server_cpu / bare_crypto.cpu_seconds,
        "signed_over_direct": signed.rate / direct.rate,
        "soap_over_json": in_soap.rate / signed.rate,
        "lookups_over_pgbench": gathered.rate / pgbench.rate,
        "exchanges_per_second": signed.rate,
        "exchange_p50_ms": signed.percentile(0.5) * 1e3,
        "exchange_p99_ms": signed.percentile(0.99) * 1e3,
        "unsigned_per_second": unsigned.rate,
        "direct_per_second": direct.rate,
        "soap_per_second": in_soap.rate,
        "consumer_cpu_us": signed.cpu_per_operation("consumer") * 1e6,
        "provider_cpu_us": signed.cpu_per_operation("provider") * 1e6,
        "sign_and_verify_us": bare_crypto.cpu_seconds * 1e6,
        "lookups_per_second": gathered.rate,
        "pgbench_per_second": pgbench.rate,
        "signed_spread": signed.spread,
        "unsigned_spread": unsigned.spread,
    }


def _first_answer(people: int) -> dict[str, float]:
    """Seconds from `demo` to the first verified answer, as the demo itself tells it."""
    _say(f"demo with {people:,} people, to the first verified answer")
    command: Sequence[str] = [sys.executable, "-m", "ketnoi_testbed.cli", "demo", "--once", "--people", str(people)]
    done = subprocess.run(command, capture_output=True, text=True)
    told = re.search(r"first verified answer[^0-9]*([0-9]+(?:\.[0-9]+)?)", done.stdout)
    if done.returncode != 0 or told is None:
        raise SystemExit(f"the demo failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {"first_answer_seconds": float(told[1])}


def _show(found: dict[str, float]) -> None:
    bars = {"signed_over_unsigned": "≥ 0.35", "server_cpu_over_crypto": "≤ 9", "first_answer_seconds": "≤ 30"}
    bars |= {
        "soap_over_json": "≥ 0.7",
        "lookups_over_pgbench": "≥ 0.35",
        "registry_memory_end_over_warm": "flat: ≤ 1.05",
    }
    bars |= {"identity_over_population": "≥ 0.8", "citizen_page_queries": "≤ 12"}
    bars |= dict.fromkeys(("queue_p50_ms", "search_p50_ms", "accounts_p50_ms"), "≤ 150")
    bars |= {"load_over_copy": "≥ 0.5", "lookups_10m_over_100k": "≥ 0.85", "lookups_500k_over_100k": "≥ 0.85"}
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value:>12,.3f}  {bars.get(name, '')}".rstrip())


if __name__ == "__main__":
    raise SystemExit(main())
