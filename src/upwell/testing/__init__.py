"""The far ends, as fakes that ship with Upwell, so that your tests can use them too.

`upwell.testing.cloudwatch` is an Amazon CloudWatch that verifies signatures and enforces the documented limits; `upwell.testing.otlp` is a
plain OTLP/HTTP receiver; `upwell.testing.apigateway` serves the serverless shape's template in front of the first. They read OTLP by
themselves, apart from `upwell.otlp`, so that a mistake in the gateway is found here and not shared. Nothing else imports this package.
"""
