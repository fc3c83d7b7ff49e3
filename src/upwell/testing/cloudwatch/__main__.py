"""The command `python -m upwell.testing.cloudwatch`: one fake CloudWatch until SIGTERM or Ctrl-C.

It prints one line on stdout when it listens: `ready http://127.0.0.1:PORT region=REGION`.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading

from upwell.testing.archive import Keep
from upwell.testing.cloudwatch.fake import DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY, FakeCloudWatch


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    fake = FakeCloudWatch(
        region=options.region,
        access_key=options.access_key,
        secret_key=options.secret_key,
        host=options.host,
        port=options.port,
        keep=options.keep,
        id_attribute=options.id_attribute,
    )
    if options.log_group:
        fake.create_log_group(options.log_group, options.log_stream)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # a request of 1 MB is 30,000 objects: the default collects dozens of times while it is read
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with fake:
        print(f"ready {fake.url} region={options.region}", flush=True)
        stopping.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m upwell.testing.cloudwatch", description="A fake Amazon CloudWatch for tests.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 lets the system choose (default)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--region", default=DEFAULT_REGION, help="AWS Region to play (default: %(default)s)")
    parser.add_argument("--access-key", default=DEFAULT_ACCESS_KEY, help="access key to accept (default: %(default)s)")
    parser.add_argument("--secret-key", default=DEFAULT_SECRET_KEY, help="its secret (default: %(default)s)")
    parser.add_argument(
        "--keep", choices=[each.value for each in Keep], default=Keep.ALL.value, help="how much of each item stays in memory"
    )
    parser.add_argument("--id-attribute", default="test.id", help="item attribute kept by --keep ids (default: %(default)s)")
    parser.add_argument("--log-group", help="log group to have from the start")
    parser.add_argument("--log-stream", help="log stream in it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
