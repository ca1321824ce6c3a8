"""The condition keys of requests: what each one is, who supplies it, and when it is there.

One table for all: tests hold what the server supplies to it, ``docs/condition-keys.md`` is made from it, and whoever
shows or checks a key takes its name and type from here. Sources: IAM User Guide, "AWS global condition context keys" and
"Available keys for AWS STS"; Service Authorization Reference for IAM and S3.

A key that is not supplied is known and never there: a policy may name it, and finds it absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class KeyType(StrEnum):
    """What the values of a key are, in the words of the Service Authorization Reference."""

    STRING = "String"
    ARN = "ARN"
    BOOL = "Bool"
    NUMERIC = "Numeric"
    DATE = "Date"
    IP_ADDRESS = "IPAddress"


class Supplier(StrEnum):
    """Where the value of a key comes from."""

    PRINCIPAL = "principal"
    SESSION = "session"
    REQUEST = "request"
    NETWORK = "network"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """One key, or one family of keys (``aws:PrincipalTag/${TagKey}``). ``name`` is written as AWS writes it."""

    name: str
    type: KeyType
    multivalued: bool
    supplier: Supplier
    supplied: bool
    present: str

    @property
    def is_family(self) -> bool:
        """Whether the name ends in what each of its keys has its own of."""
        return self.name.endswith("}")


_SUPPLIED: Final = """
aws:PrincipalAccount      | String        | principal | every request; `anonymous` without a signature
aws:PrincipalArn          | ARN           | principal | signed requests; for a session of a role the role's ARN
aws:PrincipalIsAWSService | Bool          | principal | every request; `false`: no service calls here on its own behalf
aws:PrincipalOrgID        | String        | principal | the caller's account is in an organization
aws:PrincipalOrgPaths     | String, many  | principal | the caller's account is in an organization
aws:PrincipalTag/${TagKey} | String       | principal | the user or role has the tag, or the session, whose value wins
aws:PrincipalType         | String        | principal | every request: Account, User, AssumedRole, FederatedUser, Anonymous
aws:userid                | String        | principal | every request; `anonymous` without a signature
aws:username              | String        | principal | IAM users, also with GetSessionToken
aws:ViaAWSService         | Bool          | principal | signed requests; `false`: no service calls for somebody here
aws:AssumedRoot           | Bool          | session   | sessions of AssumeRoot
aws:FederatedProvider     | String        | session   | sessions from a token or an assertion, and while one is asked for
aws:MultiFactorAuthAge    | Numeric       | session   | GetSessionToken with MFA: seconds since the code was given; AssumeRole with a code
aws:MultiFactorAuthPresent | Bool         | session   | temporary credentials, but for sessions from a token or an assertion
aws:SourceIdentity        | String        | session   | sessions with a source identity
aws:TokenIssueTime        | Date          | session   | temporary credentials
aws:CurrentTime           | Date          | request   | every request
aws:EpochTime             | Date          | request   | every request; may be compared as a number, too
aws:referer               | String        | request   | the client sent the header
aws:RequestedRegion       | String        | request   | every request; `us-east-1` for global services
aws:RequestTag/${TagKey}  | String        | request   | the request carries the tag
aws:TagKeys               | String, many  | request   | the request carries tags, or keys of tags to remove
aws:UserAgent             | String        | request   | the client sent the header
aws:SecureTransport       | Bool          | network   | every request
aws:SourceIp              | IPAddress     | network   | requests that do not come through a VPC endpoint
aws:ResourceAccount       | String        | resource  | every request
aws:ResourceOrgID         | String        | resource  | the resource's account is in an organization
aws:ResourceOrgPaths      | String, many  | resource  | the resource's account is in an organization
aws:ResourceTag/${TagKey} | String        | resource  | the resource has the tag
sts:DurationSeconds       | Numeric       | request   | GetWebIdentityToken
sts:ExternalId            | String        | request   | AssumeRole with ExternalId
sts:IdentityTokenAudience | String, many  | request   | GetWebIdentityToken
sts:RoleSessionName       | String        | request   | AssumeRole, AssumeRoleWithWebIdentity, AssumeRoleWithSAML
sts:RoleAuthorizedByIdp   | Bool          | request   | AssumeRoleWithWebIdentity: whether the token's roles claim names the role
sts:SigningAlgorithm      | String        | request   | GetWebIdentityToken
sts:SourceIdentity        | String        | request   | AssumeRole with a source identity, given or inherited
sts:SubjectMode           | String        | request   | GetWebIdentityToken
sts:TaskPolicyArn         | ARN           | request   | AssumeRoot
sts:TransitiveTagKeys     | String, many  | request   | AssumeRole with transitive tags
iam:PassedToService       | String        | request   | iam:PassRole: the service that the role goes to
iam:PermissionsBoundary   | ARN           | request   | a boundary that is set; where policies are put or attached, the one in force
iam:PolicyARN             | ARN           | request   | a managed policy is attached or detached
iam:ResourceTag/${TagKey} | String        | resource  | the user or role has the tag
s3:authType               | String        | request   | signed requests: REST-HEADER, REST-QUERY-STRING
s3:delimiter              | String        | request   | lists with a delimiter
s3:ExistingObjectTag/${TagKey} | String   | resource  | reads of an object that has the tag
s3:if-match               | String        | request   | conditional writes and deletions
s3:if-none-match          | String        | request   | conditional writes
s3:locationconstraint     | String        | request   | CreateBucket with a location
s3:max-keys               | Numeric       | request   | lists with max-keys
s3:ObjectCreationOperation | Bool         | request   | writes of objects: whether this call makes the object
s3:prefix                 | String        | request   | lists with a prefix, also an empty one
s3:RequestObjectTag/${TagKey} | String    | request   | the request carries the object tag
s3:RequestObjectTagKeys   | String, many  | request   | the request carries object tags
s3:ResourceAccount        | String        | resource  | requests about a bucket that is there
s3:signatureAge           | Numeric       | request   | presigned requests: milliseconds since they were signed
s3:signatureversion       | String        | request   | signed requests: AWS4-HMAC-SHA256, AWS
s3:versionid              | String        | request   | requests for one version
s3:x-amz-acl              | String        | request   | the header
s3:x-amz-bucket-namespace | String        | request   | the header
s3:x-amz-content-sha256   | String        | request   | signed requests: the header, or `UNSIGNED-PAYLOAD`
s3:x-amz-copy-source      | String        | request   | copies
s3:x-amz-grant-full-control | String      | request   | the header
s3:x-amz-grant-read       | String        | request   | the header
s3:x-amz-grant-read-acp   | String        | request   | the header
s3:x-amz-grant-write      | String        | request   | the header
s3:x-amz-grant-write-acp  | String        | request   | the header
s3:x-amz-metadata-directive | String      | request   | copies that say it
s3:x-amz-object-ownership | String        | request   | CreateBucket with the header
s3:x-amz-server-side-encryption | String  | request   | the header
s3:x-amz-server-side-encryption-aws-kms-key-id | ARN | request | the header
s3:x-amz-server-side-encryption-customer-algorithm | String | request | the header
s3:x-amz-storage-class    | String        | request   | the header
s3:x-amz-website-redirect-location | String | request | the header
"""

_OF_PROVIDERS: Final = """
${Provider}:amr           | String, many  | session   | AssumeRoleWithWebIdentity: the token's amr
${Provider}:aud           | String        | session   | AssumeRoleWithWebIdentity: the token's azp, else its aud
${Provider}:oaud          | String        | session   | AssumeRoleWithWebIdentity of accounts.google.com: the token's aud
${Provider}:sub           | String        | session   | AssumeRoleWithWebIdentity: the token's sub
saml:aud                  | String        | session   | AssumeRoleWithSAML: the recipient
saml:doc                  | String        | session   | AssumeRoleWithSAML: account and name of the provider
saml:iss                  | String        | session   | AssumeRoleWithSAML: the issuer
saml:namequalifier        | String        | session   | AssumeRoleWithSAML: with the subject it names a person
saml:sub                  | String        | session   | AssumeRoleWithSAML: the subject
saml:sub_type             | String        | session   | AssumeRoleWithSAML: the form of the subject
saml:cn                   | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:commonName           | String        | session   | AssumeRoleWithSAML: the attribute
saml:eduorghomepageuri    | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:eduorgidentityauthnpolicyuri| String, many  | session   | AssumeRoleWithSAML: the attribute
saml:eduorglegalname      | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:eduorgsuperioruri    | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:eduorgwhitepagesuri  | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonaffiliation | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonassurance   | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonentitlement | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonnickname    | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonorgdn       | String        | session   | AssumeRoleWithSAML: the attribute
saml:edupersonorgunitdn   | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersonprimaryaffiliation| String        | session   | AssumeRoleWithSAML: the attribute
saml:edupersonprimaryorgunitdn| String        | session   | AssumeRoleWithSAML: the attribute
saml:edupersonprincipalname| String        | session   | AssumeRoleWithSAML: the attribute
saml:edupersonscopedaffiliation| String, many  | session   | AssumeRoleWithSAML: the attribute
saml:edupersontargetedid  | String, many  | session   | AssumeRoleWithSAML: the attribute
saml:givenName            | String        | session   | AssumeRoleWithSAML: the attribute
saml:mail                 | String        | session   | AssumeRoleWithSAML: the attribute
saml:name                 | String        | session   | AssumeRoleWithSAML: the attribute
saml:organizationStatus   | String        | session   | AssumeRoleWithSAML: the attribute
saml:primaryGroupSID      | String        | session   | AssumeRoleWithSAML: the attribute
saml:surname              | String        | session   | AssumeRoleWithSAML: the attribute
saml:uid                  | String        | session   | AssumeRoleWithSAML: the attribute
saml:x500UniqueIdentifier | String        | session   | AssumeRoleWithSAML: the attribute
"""

_ABSENT: Final = """
aws:CalledVia             | String, many  | principal | chains of services that call for somebody
aws:CalledViaAWSMCP       | String        | principal | calls through AWS's MCP servers
aws:CalledViaFirst        | String        | principal | chains of services that call for somebody
aws:CalledViaLast         | String        | principal | chains of services that call for somebody
aws:ChatbotSourceArn      | ARN           | session   | sessions of Amazon Q in chat applications
aws:Ec2InstanceSourcePrivateIPv4 | IPAddress | session | sessions of EC2 instances
aws:Ec2InstanceSourceVpc  | String        | session   | sessions of EC2 instances
aws:IsMcpServiceAction    | Bool          | request   | calls through AWS's MCP servers
aws:PrincipalServiceName  | String        | principal | calls of services on their own behalf
aws:PrincipalServiceNamesList | String, many | principal | calls of services on their own behalf
aws:SignInSessionArn      | ARN           | session   | credentials of AWS Sign-In
aws:SourceAccount         | String        | network   | calls of services on behalf of a resource
aws:SourceArn             | ARN           | network   | calls of services on behalf of a resource
aws:SourceOrgID           | String        | network   | calls of services on behalf of a resource
aws:SourceOrgPaths        | String, many  | network   | calls of services on behalf of a resource
aws:SourceOwner           | String        | network   | calls of services on behalf of a resource (deprecated)
aws:SourceVpc             | String        | network   | requests through a VPC endpoint
aws:SourceVpcArn          | ARN           | network   | requests through a VPC endpoint
aws:SourceVpce            | String        | network   | requests through a VPC endpoint
aws:ViaAWSMCPService      | Bool          | principal | calls through AWS's MCP servers
aws:VpceAccount           | String        | network   | requests through a VPC endpoint
aws:VpceOrgID             | String        | network   | requests through a VPC endpoint
aws:VpceOrgPaths          | String, many  | network   | requests through a VPC endpoint
aws:VpcSourceIp           | IPAddress     | network   | requests through a VPC endpoint
sts:AWSServiceName        | String        | request   | GetServiceBearerToken
sts:RequestContext/${ContextKey} | String | request   | AssumeRole with provided contexts
sts:RequestContextProviders | ARN, many   | request   | AssumeRole with provided contexts
iam:AccountPropertyNamespaces | String, many | request | account properties
iam:AssociatedResourceArn | ARN           | request   | iam:PassRole: the resource that the role will serve
iam:AWSServiceName        | String        | request   | CreateServiceLinkedRole
iam:DelegationDuration    | String        | request   | delegation requests
iam:DelegationRequestOwner | ARN          | resource  | delegation requests
iam:EnableIdentityCenterAssociation | Bool | request  | OpenID Connect providers with a context provider
iam:EnableIdentityPropagation | Bool      | request   | OpenID Connect providers with a context provider
iam:FIDO-certification    | String        | request   | EnableMFADevice with a security key
iam:FIDO-FIPS-140-2-certification | String | request  | EnableMFADevice with a security key
iam:FIDO-FIPS-140-3-certification | String | request  | EnableMFADevice with a security key
iam:NotificationChannel   | String        | request   | delegation requests
iam:OrganizationsPolicyId | String        | request   | GenerateOrganizationsAccessReport
iam:RegisterSecurityKey   | String        | request   | EnableMFADevice with a security key
iam:RoleTemplateARN       | ARN           | request   | roles from a template
iam:ServiceSpecificCredentialAgeDays | Numeric | request | service-specific credentials
iam:ServiceSpecificCredentialServiceName | String | request | service-specific credentials
iam:TemplateArn           | ARN           | request   | delegation requests
s3:AccessGrantsInstanceArn | ARN          | resource  | access grants
s3:AccessPointNetworkOrigin | String      | resource  | access points
s3:AccessPointTag/${TagKey} | String      | resource  | access points
s3:BucketTag/${TagKey}    | String        | resource  | buckets whose tags are used for access control
s3:DataAccessPointAccount | String        | resource  | access points
s3:DataAccessPointArn     | ARN           | resource  | access points
s3:object-lock-legal-hold | String        | request   | object lock
s3:object-lock-mode       | String        | request   | object lock
s3:object-lock-remaining-retention-days | Numeric | request | object lock
s3:object-lock-retain-until-date | Date   | request   | object lock
s3:AccessGrantScope       | String        | resource  | access grants
s3:AccessGrantsLocationScope | String     | request   | access grants
s3:annotation-prefix      | String        | request   | annotations of objects
s3:deliverySourceArn      | ARN           | request   | delivery of metadata
s3:destinationRegion      | String        | request   | replication
s3:ExistingJobOperation   | String        | resource  | batch jobs
s3:ExistingJobPriority    | Numeric       | resource  | batch jobs
s3:InventoryAccessibleOptionalFields | String, many | request | inventories
s3:isReplicationPauseRequest | Bool       | request   | replication
s3:JobSuspendedCause      | String        | resource  | batch jobs
s3:logType                | String        | request   | delivery of logs
s3:max-annotation-results | Numeric       | request   | annotations of objects
s3:object-lock-event-hold | String        | request   | object lock
s3:object-lock-event-hold-duration-days | Numeric | request | object lock
s3:RequestJobOperation    | String        | request   | batch jobs
s3:RequestJobPriority     | Numeric       | request   | batch jobs
s3:resourceArnBeingAuthorized | ARN       | resource  | replication
s3:x-amz-object-annotation-directive | String | request | annotations of objects
s3:x-amz-object-if-match  | String        | request   | annotations of objects
s3:TlsVersion             | Numeric       | network   | requests over TLS
"""


def _read(table: str, *, supplied: bool) -> tuple[ConditionKey, ...]:
    keys = []
    for line in table.strip().splitlines():
        name, kind, supplier, present = (cell.strip() for cell in line.split("|", 3))
        of, _, many = kind.partition(", ")
        keys.append(ConditionKey(name, KeyType(of), many == "many", Supplier(supplier), supplied, present))
    return tuple(keys)


CONDITION_KEYS: Final = (
    *_read(_SUPPLIED, supplied=True),
    *_read(_OF_PROVIDERS, supplied=True),
    *_read(_ABSENT, supplied=False),
)
"""The global keys, those of STS, IAM and S3, and those of identity providers that have a name."""

_PROVIDER: Final = "${provider}:"
_BY_NAME: Final = {key.name.lower(): key for key in CONDITION_KEYS}
_FAMILIES: Final = {key.name.partition("/")[0].lower(): key for key in CONDITION_KEYS if key.is_family}


def condition_key(name: str) -> ConditionKey | None:
    """The key of that name, in any case; ``aws:PrincipalTag/team`` is found as ``aws:PrincipalTag/${TagKey}``.

    ``idp.example.com:sub`` is found as ``${Provider}:sub``. Other claims of a provider's tokens are keys too, as texts or
    lists of texts; which there are, nobody knows beforehand, and they are not here.
    """
    folded = name.lower()
    family, slash, rest = folded.partition("/")
    found = (_FAMILIES.get(family) if slash and rest else None) or _BY_NAME.get(folded)
    if found is None:
        provider, _, claim = folded.rpartition(":")
        found = _BY_NAME.get(_PROVIDER + claim) if "." in provider else None
    return found


def spelled(name: str) -> str:
    """A key as AWS writes it. What follows the slash of a family stays as it is, and so does a key that is unknown."""
    key = condition_key(name)
    if key is None or key.name.lower().startswith(_PROVIDER):
        return name
    return key.name.partition("/")[0] + "/" + name.partition("/")[2] if key.is_family else key.name
