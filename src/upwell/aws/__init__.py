"""The serverless shape: API Gateway in front of CloudWatch, with no code of ours running. It refuses to touch telemetry."""
