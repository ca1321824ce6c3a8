"""The daypass command."""
