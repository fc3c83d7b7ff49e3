"""The reports themselves, as data: a module per theme."""
