"""AWS CloudTrail (API version 2013-11-01): what was called, by whom, and what became of it.

Importing this package fills :data:`cloudtrail` with the operations that are implemented.
"""

from daypass.services.cloudtrail import lookup_events, trails
from daypass.services.cloudtrail.operations import cloudtrail

__all__ = ["cloudtrail", "lookup_events", "trails"]
