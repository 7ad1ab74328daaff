"""From a source's URL to clean entries in the store; the walk is drawn in `ingest.sync`.

Pure:  `exchange parsed parse normalize clean plan cadence` (no sockets, no store, no clock: `now` is an argument).
Shell: `fetch workers sync`.
"""
