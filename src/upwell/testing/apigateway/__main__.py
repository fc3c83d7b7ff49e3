"""The command `python -m upwell.testing.apigateway`: one stack in front of a fake CloudWatch, until SIGTERM or Ctrl-C.

It prints one line on stdout when it listens, `ready URL`, and one for each key: `key LOGICAL-ID ID VALUE`.
Without `--upstream` it starts a fake CloudWatch of its own, and says where: `cloudwatch URL`.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from upwell.testing.apigateway.gateway import FakeApiGateway
from upwell.testing.apigateway.stack import TemplateRefused
from upwell.testing.cloudwatch.fake import DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY, FakeCloudWatch


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with contextlib.ExitStack() as house:
            gateway = _opened(options, house)
            for key in gateway.keys.values():
                print(f"key {key.logical_id} {key.id} {key.value}")
            print(f"ready {gateway.endpoint}", flush=True)
            stopping.wait()
    except (TemplateRefused, ValueError, OSError) as error:
        print(f"{options.template}: {error}", file=sys.stderr)
        return 1
    return 0


def _opened(options: argparse.Namespace, house: contextlib.ExitStack) -> FakeApiGateway:
    upstream = options.upstream
    if upstream is None:
        own = FakeCloudWatch(region=options.region, access_key=options.access_key, secret_key=options.secret_key)
        upstream = house.enter_context(own).url
        print(f"cloudwatch {upstream}")
    gateway = FakeApiGateway(
        Path(options.template),
        upstream,
        region=options.region,
        access_key=options.access_key,
        secret_key=options.secret_key,
        parameters=dict(pair.split("=", 1) for pair in options.parameter),
        stack=options.stack,
        host=options.host,
        port=options.port,
    )
    return house.enter_context(gateway)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m upwell.testing.apigateway", description="A fake API Gateway for tests.")
    parser.add_argument("--template", required=True, help="CloudFormation template, YAML or JSON")
    parser.add_argument("--upstream", help="URL of a fake CloudWatch; default: one of its own")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the template")
    parser.add_argument("--stack", default="upwell", help="name of the stack")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--access-key", default=DEFAULT_ACCESS_KEY)
    parser.add_argument("--secret-key", default=DEFAULT_SECRET_KEY)
    return parser


if __name__ == "__main__":
    sys.exit(main())
