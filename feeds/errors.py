"""The errors that reach a person, each with the exit code that a script sees.

    FeedmillError
     ├── UsageError       2   the command line asks for something that is not there
     ├── ConfigError      2   feedmill.toml: every problem at once, each with its line
     ├── StoreError       3   the database cannot be opened, read or written
     │    └── StoreTooNew 3   written by a newer feedmill
     └── DeliveryError    3   an output file cannot be written

Expected trouble with a source is never an exception: it is a `feeds.outcome.Failure`.
The message of each is what the user reads: what, where, what to do.
"""


class FeedmillError(Exception):
    """Anything feedmill says no to; printed as one line, without a traceback."""

    exit_code = 1


class UsageError(FeedmillError):
    """The command cannot mean what was typed."""

    exit_code = 2


class ConfigError(FeedmillError):
    """feedmill.toml does not say what we can do; `problems` has one line for each."""

    exit_code = 2

    def __init__(self, problems: list[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class StoreError(FeedmillError):
    """The store refused: locked, corrupt, read-only, full or not ours."""

    exit_code = 3


class StoreTooNew(StoreError):
    """The store was migrated by a newer feedmill; an older one must not write to it."""


class DeliveryError(FeedmillError):
    """A file of the output folder could not be written; the last good one still stands."""

    exit_code = 3
