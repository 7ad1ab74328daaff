"""feedmill: many blogs in, one clean feed out.

The rooms, top floor first; imports only point down:

    app/      cli, build (the only place that wires), daemon, demo
    config/   feedmill.toml -> typed settings; knows every room's options, no room knows it
    ingest/   fetch, parse, normalize, clean, plan        publish/  select, render, deliver, serve
    feeds/    the nouns and the memory
"""

__version__ = "0.1.0"
