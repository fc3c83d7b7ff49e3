"""The links on this machine's disk: the data directory, the keys, the journal's room."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterator, Sequence

from upwell.config import Settings
from upwell.doctor.finding import Finding, fail, failed, ok, warn
from upwell.errors import UpwellError
from upwell.identity import Key, Keys
from upwell.journal import disk
from upwell.journal.segment import Segments
from upwell.service import datadir

_SOON_NS = 7 * 86400 * 10**9
_CROWDED = 0.8  # of journal.max_bytes: a sink that holds is then found before agents are refused


def data_dir(settings: Settings) -> Finding:
    """Whether the folder is there, private, and on a disk that a journal can live on."""
    link, directory = "data_dir", settings.data_dir
    try:
        datadir.existing(directory)
        disk.check(directory)
    except UpwellError as error:
        return failed(link, error)
    if stat.S_IMODE(directory.stat().st_mode) & 0o077:
        return warn(link, f"{directory} is open to other users of this machine", "Start `upwell serve` once, or `chmod 700` it.")
    return ok(link, f"{directory} is private and on a local disk")


def keys(settings: Settings) -> Finding:
    """Whether anybody can send, and whose key ends soon."""
    link = "keys"
    if not (settings.data_dir / "keys.db").exists():
        return fail(link, "there are no keys", "Run `upwell keys add --team NAME`.")
    try:
        with Keys(settings.data_dir / "keys.db") as opened:
            found = opened.list()
    except UpwellError as error:
        return failed(link, error)
    return _judge_keys(link, found, time.time_ns())


def _judge_keys(link: str, found: Sequence[Key], now_ns: int) -> Finding:
    live = [key for key in found if key.live(now_ns)]
    if not live:
        return fail(link, f"none of {len(found)} keys is live: every agent gets 401", "Run `upwell keys add --team NAME`.")
    soon = [key.id for key in live if key.expires_ns is not None and key.expires_ns < now_ns + _SOON_NS]
    if soon:
        return warn(link, f"{len(live)} live, of which {', '.join(soon[:5])} end within a week", f"Run `upwell keys rotate {soon[0]}`.")
    return ok(link, f"{len(live)} live of {len(found)}")


def journal(settings: Settings) -> Iterator[Finding]:
    """How full the journal is, and the disk below it."""
    link, segments = "journal", Segments(settings.data_dir / "journal")
    used = sum(segments.bytes(name) for name in segments.names())
    share = used / settings.journal.max_bytes
    told = f"{_mib(used)} of {_mib(settings.journal.max_bytes)} in use"
    if share >= 1:
        yield fail(link, f"it is full ({told}): agents get 503", "Mend the lane that holds (below), or raise journal.max_bytes.")
    elif share >= _CROWDED:
        yield warn(link, f"it is nearly full: {told}", "Mend the lane that holds (below), or raise journal.max_bytes.")
    else:
        yield ok(link, told)
    yield _room(settings)


def _room(settings: Settings) -> Finding:
    free, reserve = shutil.disk_usage(settings.data_dir).free, settings.journal.reserve
    if free < reserve:
        return fail("disk", f"{_mib(free)} free, less than journal.reserve: agents get 503", "Free the disk under data_dir.")
    if free < 2 * reserve:
        return warn("disk", f"{_mib(free)} free; at {_mib(reserve)} agents get 503", "Free the disk under data_dir.")
    return ok("disk", f"{_mib(free)} free")


def _mib(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
