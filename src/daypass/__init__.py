"""Daypass: a self-hosted Security Token Service that speaks AWS's wire protocols.

Start reading at :mod:`daypass.pipeline`: it is the way of one request, top to bottom.
"""

__version__ = "0.1.0"
