"""The CloudFormation template of the serverless shape, made from `[serverless]`; the same settings always make the same text.

`plan` puts settings or parameters into one form, `build` assembles what `api`, `methods`, `logs`, `role`, `keys`,
`options`, `alarms` and `dashboard` make of it, `text` writes it. Nothing here calls AWS: what must be known of an account is an argument.
"""

from __future__ import annotations

from upwell.aws.template.build import MAX_RESOURCES, build, build_one_click
from upwell.aws.template.plan import NO_TRANSACTION_SEARCH, Traces
from upwell.aws.template.text import body, to_yaml

__all__ = ["MAX_RESOURCES", "NO_TRANSACTION_SEARCH", "Traces", "body", "build", "build_one_click", "to_yaml"]
