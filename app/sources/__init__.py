"""Other people's data: a file per source turns bytes into records, in their words and ours. No database here."""
