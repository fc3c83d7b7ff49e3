"""The link that opens CloudFormation's console with the template filled in. Nothing is uploaded."""

from __future__ import annotations

import re
from urllib.parse import quote

from upwell.errors import ConfigError

_S3 = re.compile(r"https://[^/\s]*\bs3[.-][^/\s]*amazonaws\.com(\.cn)?(/[^\s?#]*)?")
_CONSOLES = (("cn-", "console.amazonaws.cn"), ("us-gov-", "console.amazonaws-us-gov.com"))


def launch_url(bucket_url: str, *, stack: str, region: str | None) -> str:
    """The quick-create link. `bucket_url` is the S3 URL of the template, or of the folder of `template.yaml`. Raises ConfigError."""
    if not _S3.fullmatch(bucket_url):
        raise ConfigError(
            f"{bucket_url} is not an https URL of an S3 bucket, and CloudFormation's console opens no other",
            hint="Upload template.yaml and give its URL, such as https://BUCKET.s3.us-west-2.amazonaws.com/template.yaml.",
        )
    url = bucket_url if bucket_url.endswith((".yaml", ".yml", ".json")) else f"{bucket_url.rstrip('/')}/template.yaml"
    console = next((host for prefix, host in _CONSOLES if (region or "").startswith(prefix)), "console.aws.amazon.com")
    where = f"https://{region}.{console}/cloudformation/home?region={region}" if region else f"https://{console}/cloudformation/home"
    return f"{where}#/stacks/create/review?templateURL={quote(url, safe='')}&stackName={quote(stack)}"
