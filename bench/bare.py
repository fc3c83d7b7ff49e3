"""The reference: the same uvicorn, answering 200 to the same body without looking at it."""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn


async def app(_: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"{}"})


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    port = arguments.parse_args().port
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning",
        timeout_keep_alive=120, server_header=False, date_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
