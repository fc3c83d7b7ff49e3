"""The gateway process: keys, journal and policy composed into the door, served until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import closing

import uvloop

from upwell import gateway, policy
from upwell.identity import Keyring, Keys, Pseudonyms
from upwell.journal.writer import Journal
from upwell.service import sockets
from upwell.service.post import Post

_log = logging.getLogger("upwell.gateway")


def run(post: Post) -> None:
    """Take batches until told to end, then finish those in hand. Raises ConfigError, DataDirError, SchemaTooNew at the start."""
    uvloop.run(_run(post))


async def _run(post: Post) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = post.settings
    database = settings.data_dir / "keys.db"
    with Keys(database) as keys:
        salt = keys.salt
    with closing(Keyring(database)) as keyring:
        journal = Journal(settings.data_dir / "journal", settings.journal, digest_key=salt)
        journal.open()
        try:
            _log.info("taking OTLP/HTTP on %s", ", ".join(sockets.door_urls(post.sockets, settings)))
            if not len(keyring):
                _log.warning("there are no keys, so every request is refused: `upwell keys add` makes one")
            steps = policy.pipeline(settings.policy, Pseudonyms(salt))
            gateway.tune()
            await gateway.serve(post.sockets, settings, gateway.build(settings, keyring, journal, steps), stop=stop)
        finally:
            journal.close()
    _log.info("stopped")
