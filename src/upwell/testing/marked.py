"""The command `python -m upwell.testing.marked SIGNAL [json|protobuf]`: one marked export request on stdout, its mark on stderr.

For shell scripts that ask a real endpoint, such as examples/real-account.sh.
"""

from __future__ import annotations

import argparse
import sys
import time

from upwell.aws.mark import Mark
from upwell.otlp import Encoding, Signal, decode, encode


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m upwell.testing.marked", description="One marked OTLP export request.")
    parser.add_argument("signal", choices=[signal.value for signal in Signal])
    parser.add_argument("encoding", choices=["json", "protobuf"], nargs="?", default="json")
    options = parser.parse_args(arguments)
    mark, signal = Mark(), Signal(options.signal)
    batch = decode(mark.body(signal, time.time_ns()), signal, Encoding.JSON).batch
    sys.stdout.buffer.write(encode(batch, signal, Encoding[options.encoding.upper()]))
    print(mark.id, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
