"""feedmill.toml to typed settings, every problem at once, each with its line.

`settings` is what the rest of the house sees; `load` reads, `model` judges, `problems` finds the words,
`edit` changes the file.
Nothing here fetches, and no other room imports this one except `app`.
"""
