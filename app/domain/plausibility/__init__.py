"""What can hardly be true although it can be read: rules that judge a record beside what is known already.

They are our own [O]: dated parameters. ``fixings`` and ``rates`` judge what is fetched, ``quotes`` what partners push.
What is refused is counted and told, and the rest of the answer is kept.
"""
