"""From the store to a folder of static files that any reader accepts.

Pure:  `select aggregate atom rss json opml page status` (no clock: bytes depend on content only).
Shell: `edition deliver serve websub`.
"""
