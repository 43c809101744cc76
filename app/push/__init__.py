"""What partners push: read, judged, and stored, put into quarantine or refused."""
