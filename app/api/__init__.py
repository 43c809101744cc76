"""The HTTP API: a thin mouth over the verbs. Contract: ``openapi/v1.json``."""
