"""checkov finds nothing in the template but what is meant, each with its reason.

It lives in an environment of its own, `checkov/` inside the one that runs this, which `make test` makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.template.test_build import EVERYTHING
from upwell.aws.template import build, build_one_click, to_yaml
from upwell.config import Serverless

CHECKOV = Path(sys.prefix) / "checkov" / "bin" / "checkov"
WITHOUT = "UPWELL_TEST_NO_CHECKOV"

ALWAYS = {
    "CKV_AWS_73": "X-Ray tracing of the stage: its spans of every request would stand among those of the agents, in the same log group",
    "CKV_AWS_120": "caching: nothing can be cached where every request is a POST of new data",
}
MEANT = {
    "plain": ALWAYS
    | {
        "CKV_AWS_76": "access logs are an option: they need a role of the whole account, and cost by the request",
        "CKV_AWS_158": "a KMS key of one's own is an option; CloudWatch Logs encrypts with its own otherwise",
    },
    "everything": ALWAYS
    | {"CKV_AWS_26": "alarms carry no data, and with the key that AWS manages CloudWatch could not publish to the topic"},
}
MEANT["one-click"] = MEANT["plain"] | MEANT["everything"]

TEMPLATES = {
    "plain": build(Serverless()),
    "everything": build(EVERYTHING, traces="enable", account_role=True),
    "one-click": build_one_click(),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The ids of the checks that each template fails. One run for all, since starting takes longest."""
    if os.environ.get(WITHOUT) == "1":
        pytest.skip(f"{WITHOUT}=1")
    if not CHECKOV.exists():
        pytest.fail(f"checkov is not installed: run `make test`, or leave it out with {WITHOUT}=1")
    folder = tmp_path_factory.mktemp("templates")
    for name, template in TEMPLATES.items():
        (folder / f"{name}.yaml").write_text(to_yaml(template))
    command = [str(CHECKOV), "--framework", "cloudformation", "--directory", str(folder), "--compact", "--quiet", "--output", "json"]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True, check=False, timeout=240)
    said = json.loads(done.stdout)
    results = said["results"]
    assert (said["summary"]["parsing_errors"], said["summary"]["passed"] > 30) == (0, True)
    return {name: {check["check_id"] for check in results["failed_checks"] if check["file_path"] == f"/{name}.yaml"} for name in TEMPLATES}


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_it_finds_is_meant(failed: dict[str, set[str]], name: str) -> None:
    """No finding without a reason, and no reason without its finding."""
    assert failed[name] == set(MEANT[name])
