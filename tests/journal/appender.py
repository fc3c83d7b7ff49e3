"""A gateway in small, to be killed: appends batches in groups and prints the number of each that was acknowledged.

Run as `python -m tests.journal.appender DIRECTORY FIRST`; on real clocks, with small segments and frequent checkpoints.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tests.journal.place import SECRET, Place
from upwell import config
from upwell.journal import Journal, roll

LANES = 8


async def run(directory: Path, first: int) -> None:
    settings = config.Journal.model_validate({"reserve": 0, "segment_bytes": 2**17})
    journal = Journal(directory, settings, digest_key=SECRET)
    journal.open()
    place = Place(directory)
    place.clock.now_ns = time.time_ns()

    async def client(number: int) -> None:
        while True:
            if await journal.append(place.entry(number, size=500)):
                sys.stdout.write(f"{number}\n")  # whole lines, at once: what the pipe has was acknowledged
                sys.stdout.flush()
            number += LANES

    await asyncio.gather(*(client(first + lane) for lane in range(LANES)))


if __name__ == "__main__":
    roll._CHECKPOINT_BYTES = 2**15
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
