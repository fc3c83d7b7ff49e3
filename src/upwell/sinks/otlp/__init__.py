"""Any OTLP/HTTP endpoint: a collector, a vendor, another Upwell."""
