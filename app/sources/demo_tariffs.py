"""Invented tariffs, in the format of reviewed ones: read by the same adapter, kept apart by their source."""

from app.sources.quote_file import asks, read

__all__ = ["asks", "read"]
