"""All drills in rotation: `python -m tests.faults.soak --minutes 30`. Exit 1 if a promise was broken."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.faults.drills import DRILLS, Drill
from tests.faults.site import Site, open_site


def main() -> int:
    """Run the drills that are named (all by default) until the time is over, each at least once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--only", action="append", default=[], help="part of a drill's name")
    given = parser.parse_args()
    chosen = [drill for drill in DRILLS if not given.only or any(part in drill.name for part in given.only)]
    if not chosen:
        parser.error("no drill has such a name; there are: " + ", ".join(drill.name for drill in DRILLS))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, open_site(Path(folder), say) as site:
        return _rotate(site, chosen, given.minutes)


def _rotate(site: Site, drills: list[Drill], minutes: float) -> int:
    started, broken, runs = time.monotonic(), Counter[str](), Counter[str]()
    for drill in itertools.cycle(drills):
        if runs[drill.name] and time.monotonic() - started >= minutes * 60:
            break
        runs[drill.name] += 1
        broken[drill.name] += not run(site, drill)
    say(f"== {(time.monotonic() - started) / 60:.1f} minutes, {runs.total()} drills: {dict(runs)}")
    for line in site.total.lines():
        say(f"    {line}")
    say(f"    poison dead-lettered     {site.poison:>9,}")
    say(f"broken promises: {dict(+broken) or 'none'}")
    return 1 if +broken else 0


def run(site: Site, drill: Drill) -> bool:
    """One drill; False if a promise was broken, which is told."""
    started = time.monotonic()
    say(f"-- {drill.name}")
    try:
        (drill.longer or drill.run)(site)
    except Exception:  # noqa: BLE001 - told, counted, and the next drill goes on
        say(traceback.format_exc())
        site.heal()
        return False
    finally:
        say(f"   {time.monotonic() - started:.1f} s")
    return True


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
