"""The map in a real browser; run by `python -m tests.web`, which `./dev check` does where Chromium and Node are."""
