"""The console in a real browser. A package, so that its fixtures end with it: a running browser keeps an event loop running."""
