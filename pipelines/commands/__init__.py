"""Commands of `wallet` by who calls them: `reading` for what is published, `people` for what is
said of people. Thin, like `cli`, which adds them to the command.
"""
