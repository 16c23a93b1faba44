"""Sheets of many stickers, ordered, drawn and fetched."""
