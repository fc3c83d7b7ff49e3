"""Amazon CloudWatch's OTLP endpoints: metrics, X-Ray's traces and CloudWatch Logs."""
