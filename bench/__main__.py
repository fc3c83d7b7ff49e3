"""`python -m bench`: every part in one run on one machine. `--quick` takes a few seconds each; parts can be named."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bench import console, door, hostile, machine, packing, relay, reports, usage

PARTS: dict[str, Callable[..., None]] = {
    "door": door.main,
    "relay": relay.main,
    "packing": packing.main,
    "hostile": hostile.main,
    "reports": reports.main,
    "console": console.main,
    "usage": usage.main,
}


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m bench", description="Side-by-side measurements.")
    arguments.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    arguments.add_argument("--quick", action="store_true", help="shorter: for a look, not for figures to quote")
    chosen = arguments.parse_args()
    if unknown := set(chosen.parts) - PARTS.keys():
        arguments.error(f"there is no part {min(unknown)}")
    print(machine.line())
    noise = machine.Noise()
    noise.probe()
    for part in chosen.parts or PARTS:
        PARTS[part](quick=chosen.quick)
        noise.probe()
    print("\n" + noise.line())


if __name__ == "__main__":
    main()
