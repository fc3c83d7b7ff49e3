"""Side-by-side measurements, run by `make bench`. Ratios within one run mean something; seconds across runs do not."""
