"""The cashless-market payment adoption tracker.

`tracker.domain` holds the rules, `tracker.store` the ledger and its views, `tracker.services`
one module a job that a user does, `tracker.api` the HTTP contract. `docs/` explains the design.
"""
