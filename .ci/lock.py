"""Writes requirements.lock and requirements-dev.lock from pyproject.toml with pip-tools.

The locks carry exact versions and hashes and name no package index. Run it with the oldest
Python that Upwell supports, so that nothing only newer ones have built in is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--quiet",
    "--upgrade",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--no-emit-options",
]


def compile_lock(output: str, *arguments: str) -> None:
    """Run pip-compile into one lock file."""
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "piptools", "compile", *OPTIONS, "--output-file", output, *arguments],
        cwd=ROOT,
        check=True,
        env={**os.environ, "CUSTOM_COMPILE_COMMAND": "make lock"},
    )


def main() -> None:
    """The run lock, then the development lock on top of it."""
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"make lock needs Python 3.11, the oldest one supported; this is {sys.version.split()[0]}")
    compile_lock("requirements.lock", "--build-deps-for", "editable", "pyproject.toml")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "dev.in")
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
        source.write_text("\n".join(groups["dev"]) + "\n", "utf-8")
        compile_lock("requirements-dev.lock", "--constraint", "requirements.lock", str(source))


if __name__ == "__main__":
    main()
