"""What is wrong with a policy document, in AWS's own words.

The codes and texts come from answers of IAM, STS and S3 (IAM User Guide, "Troubleshoot IAM policies"; Amazon S3 API
Reference, "Error responses"). Which text belongs to which fault, and which fault is told first, is decided by the
grammars (:mod:`~daypass.policy.identity_grammar`, :mod:`~daypass.policy.resource_grammar`); this module only holds words.
"""

from __future__ import annotations

MALFORMED_DOCUMENT = "MalformedPolicyDocument"
MALFORMED_BUCKET_POLICY = "MalformedPolicy"
MALFORMED_ORGANIZATION_POLICY = "MalformedPolicyDocumentException"

SYNTAX = "Syntax errors in policy."
OLD_VERSION = "Policy document must be version 2012-10-17 or greater."
LEGACY_PARSING = "The policy failed legacy parsing"
PRINCIPAL_FORBIDDEN = "Policy document should not specify a principal."
SIDS_NOT_UNIQUE = "Statement IDs (SID) in a single policy must be unique."
SID_CHARACTERS = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
NO_ACTIONS = "Policy statement must contain actions."
NO_RESOURCES = "Policy statement must contain resources."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
TWO_COLONS = "Actions/Condition can contain only one colon."
RESOURCE_VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
IAM_RESOURCE_PATH = (
    'IAM resource path must either be "*", root, or start with user/, federated-user/, role/, group/, '
    "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, "
    "access-report/."
)

SESSION_NOT_JSON = "The policy is not in the valid JSON format."
NOT_JSON = "This policy contains invalid Json"
FIRST_BYTE = "Policies must be valid JSON and the first byte must be '{'"
EMPTY_STATEMENT = "Could not parse the policy: Statement is empty!"
BAD_VERSION = "The policy must contain a valid version string"
EMPTY_PRINCIPAL = "Missing required field Principal cannot be empty!"
ASSUME_ROLE_ACTIONS = "AssumeRole policy may only specify STS AssumeRole actions."
FEDERATED_FORM = "Federated principals must be valid domain names or SAML metadata ARNs"
INVALID_PRINCIPAL = "Invalid principal in policy"
INVALID_RESOURCE = "Policy has invalid resource"
INVALID_ACTION = "Policy has invalid action"
INVALID_SYNTAX = "Invalid policy syntax."
SYNTAX_AT = "Syntax error at position (%d,%d)"
ORGANIZATION_TYPE = "The provided policy document does not meet the requirements of the specified policy type."


class PolicyProblem(Exception):
    """A document that is refused. ``detail`` is S3's ``Detail`` element, where it has one.

    ``path`` leads to the part of the document that is at fault (a place in a list is a number); ``position`` is its
    line and column in the text, from 1, or None where the fault is nowhere in particular. AWS's texts are fixed and
    mostly silent about places: whoever may say more than they do takes it from here.
    """

    def __init__(self, code: str, message: str, *, detail: str | None = None, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.detail = detail
        self.path = path
        self.position: tuple[int, int] | None = None

    @property
    def where(self) -> str | None:
        """The position in words."""
        return None if self.position is None else "line {}, column {}".format(*self.position)
