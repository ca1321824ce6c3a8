"""IAM Access Analyzer (API version 2019-11-01): what can be said of a policy before anybody uses it.

Importing this package fills :data:`accessanalyzer` with the operations that are implemented.
"""

from daypass.services.accessanalyzer import policy_checks, validate_policy
from daypass.services.accessanalyzer.operations import accessanalyzer

__all__ = ["accessanalyzer", "policy_checks", "validate_policy"]
