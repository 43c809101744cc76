"""Putting right what was published: withdrawals, corrections, hidden providers, notices, imports that are held.

Each act appends: nothing that was ever shown is changed or lost, and ``as_of`` shows what an act took away. Each raises
the dataset version, so that every worker shows it within a second, and is an entry of the audit log, all in one
transaction.
"""
