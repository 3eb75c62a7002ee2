"""The map in a real browser: `python -m tests.web`, which `./dev check` runs where Chromium and Node are."""
