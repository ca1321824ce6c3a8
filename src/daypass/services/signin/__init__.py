"""AWS's federation endpoint (``getSigninToken``, ``login``) and the console's session that it ends in.

Importing this package fills :data:`signin` with its operations.
"""

from daypass.services.signin import console, federation, saml  # noqa: F401 - importing them registers their operations
from daypass.services.signin.operations import signin

__all__ = ["signin"]
