"""Documents to what they say. See docs/parsing.md; what differs from feedparser: docs/deviations.md.

parse(document)      a feed of any dialect, or a Failure
parse_any(document)  for `normalize`: an HTML page and plain text are one entry each
discover(document)   the feeds that an HTML page links to, best first
"""

from feedmill.ingest.parse.page import Candidate, discover, parse_any
from feedmill.ingest.parse.reading import parse

__all__ = ["Candidate", "discover", "parse", "parse_any"]
