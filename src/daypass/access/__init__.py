"""Stations 3 and 4 of a request: who calls (authenticate), and may they (authorize)."""
