"""Usage: what batches say about the use of coding agents, read into one model. Pure: no files, no clock, no network."""
