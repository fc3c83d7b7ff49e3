"""A fake API Gateway that reads a CloudFormation template and serves what a stack made from it would, in front of a fake CloudWatch.

`with FakeCloudWatch() as cloudwatch, FakeApiGateway(template, cloudwatch.url) as gateway:` in a test, or
`python -m upwell.testing.apigateway` beside it; docs/testing.md shows both. It knows REST APIs with integrations of type AWS, as far as
the templates of this project and the one they replace use them, and refuses what it does not know. It is a reading of AWS's
documents, not AWS: `gateway` says what was chosen where they are silent.
"""

from __future__ import annotations

from upwell.testing.apigateway.gateway import FakeApiGateway, Line
from upwell.testing.apigateway.keys import ApiKey
from upwell.testing.apigateway.reading import read
from upwell.testing.apigateway.stack import TemplateRefused

__all__ = ["ApiKey", "FakeApiGateway", "Line", "TemplateRefused", "read"]
