"""AWS's issue codes of policy validation, with their weights and texts, and which of them are not checked here and why.

Source: IAM User Guide, "IAM policy validation check reference", 2026; texts verbatim, ``{{name}}`` as written there. Two
texts follow recorded answers instead: "attached to resource type", without the article, and INVALID_ACTION's further
sentences. ``docs/access-analyzer.md`` is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class FindingType(StrEnum):
    """How much a finding weighs."""

    ERROR = "ERROR"
    SECURITY_WARNING = "SECURITY_WARNING"
    WARNING = "WARNING"
    SUGGESTION = "SUGGESTION"

    @property
    def anchor(self) -> str:
        """The type as the anchors of AWS's page have it."""
        return "general-warning" if self is FindingType.WARNING else self.value.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Code:
    """One issue code. ``unchecked`` says why nothing here finds it; None where something does."""

    type: FindingType
    texts: tuple[str, ...]
    unchecked: str | None = None


_ERRORS: Final[dict[str, str | tuple[str, ...]]] = {
    "ARN_ACCOUNT_NOT_ALLOWED": "The service {{service}} does not support specifying an account ID in the resource ARN.",
    "ARN_REGION_NOT_ALLOWED": "The service {{service}} does not support specifying a Region in the resource ARN.",
    "DATA_TYPE_MISMATCH": "The text does not match the expected JSON data type {{data_type}}.",
    "DUPLICATE_KEYS_WITH_DIFFERENT_CASE": "The condition key {{key}} appears more than once with different capitalization in the same condition block. Remove the duplicate condition keys.",
    "EMPTY_VARIABLE": "Empty policy variable. Remove the ${ } variable structure or provide a variable within the structure.",
    "FEDERATED_PRINCIPAL_NOT_SUPPORTED": "The policy type does not support a federated identity provider in the principal element. Use a supported principal.",
    "INVALID_ACTION": (
        "The action {{action}} does not exist.",
        "The action {{action}} does not exist. Did you mean {{valid_action}}?",
        "The action {{action}} does not exist. Did you mean {{valid_action}}? The API called {{api}} authorizes against the IAM action {{valid_action}}.",
    ),
    "INVALID_ARN_ACCOUNT": "The resource ARN account ID {{account}} is not valid. Provide a 12-digit account ID.",
    "INVALID_ARN_PREFIX": "Add the required prefix (arn) to the resource ARN.",
    "INVALID_ARN_REGION": "The Region {{region}} is not valid for this resource. Update the resource ARN to include a supported Region.",
    "INVALID_ARN_RESOURCE": "Resource ARN does not match the expected ARN format. Update the resource portion of the ARN.",
    "INVALID_ARN_SERVICE_CASE": "Update the service name {{service}} in the resource ARN to use all lowercase letters.",
    "INVALID_CONDITION_DATA_TYPE": "The condition value data types do not match. Use condition values of the same JSON data type.",
    "INVALID_CONDITION_KEY_FORMAT": "The condition key format is not valid. Use the format service:keyname.",
    "INVALID_CONDITION_MULTIPLE_BOOLEAN": "The condition key does not support multiple Boolean values. Use a single Boolean value.",
    "INVALID_CONDITION_OPERATOR": "The condition operator {{operator}} is not valid. Use a valid condition operator.",
    "INVALID_EFFECT": "The effect {{effect}} is not valid. Use Allow or Deny.",
    "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY": "The principal value specifies a federated principal that does not match the expected format. Update the federated principal to a domain name or a SAML metadata ARN.",
    "INVALID_GLOBAL_CONDITION_KEY": "The condition key {{key}} does not exist. Use a valid condition key.",
    "INVALID_KMS_KEY_VALUE": "The {{key}} condition key value must be a valid KMS key ARN.",
    "INVALID_PARTITION": "The resource ARN for the service {{service}} does not support the partition {{partition}}. Use the supported values: {{partitions}}",
    "INVALID_POLICY_ELEMENT": "The policy element {{element}} is not valid.",
    "INVALID_PRINCIPAL_FORMAT": "The Principal element contents are not valid. Specify a key-value pair in the Principal element.",
    "INVALID_PRINCIPAL_KEY": "The principal key {{principal_key}} is not valid.",
    "INVALID_REGION": "The Region {{region}} is not valid. Update the condition value to a supported Region.",
    "INVALID_SERVICE": "The service {{service}} does not exist. Use a valid service name.",
    "INVALID_SERVICE_CONDITION_KEY": "The condition key {{key}} does not exist in the service {{service}}. Use a valid condition key.",
    "INVALID_SERVICE_IN_ACTION": (
        "The service {{service}} specified in the action does not exist.",
        "The service {{service}} specified in the action does not exist. Did you mean {{service2}}?",
    ),
    "INVALID_SERVICE_PRINCIPAL_FORMAT": "The service principal does not match the expected format. Use the format {{expectedFormat}}.",
    "INVALID_VARIABLE_FOR_OPERATOR": "Policy variables can only be used with String and ARN operators.",
    "INVALID_VERSION": "The version {{version}} is not valid. Use one of the following versions: {{versions}}",
    "INVALID_VPCE_FORMAT": "The VPCE identifier in the condition key value is not valid.  Use the prefix 'vpce-' followed by 8 or 17 alphanumeric characters.",
    "INVALID_VPC_FORMAT": "The VPC identifier in the condition key value is not valid. Use the prefix 'vpc-' followed by 8 or 17 alphanumeric characters.",
    "JSON_SYNTAX_ERROR": "Fix the JSON syntax error at index {{index}} line {{line}} column {{column}}.",
    "MISMATCHED_ACTION_FOR_PRINCIPAL": "The {{actionName}} action is invalid with the following principal(s): {{principalNames}}. Use a SAML provider principal with the sts:AssumeRoleWithSAML action or use an OIDC provider principal with the sts:AssumeRoleWithWebIdentity action. Ensure the provider is Federated if you use either of the two options.",
    "MISSING_ACTION": "Add an Action or NotAction element to the policy statement.",
    "MISSING_ACTION_FOR_CONDITION_KEY": "The {{actionName}} action must be in the action block to allow setting values for the condition key {{keyName}}. Add {{actionName}} to the action block.",
    "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY": "The rolesanywhere.amazonaws.com service principal requires the sts:AssumeRole, sts:SetSourceIdentity, and sts:TagSession permissions to assume a role. Add the missing permissions to the policy.",
    "MISSING_ARN_ACCOUNT": "The resource {{resourceName}} in the arn is missing an account id. Please provide a 12 digit account id.",
    "MISSING_ARN_FIELD": "Resource ARNs must include at least {{fields}} fields in the following structure: arn:partition:service:region:account:resource",
    "MISSING_ARN_REGION": "Add a Region to the {{service}} resource ARN.",
    "MISSING_BRACE_IN_VARIABLE": "The policy variable is missing a closing curly brace. Add } after the variable text.",
    "MISSING_EFFECT": "Add an Effect element to the policy statement with a value of Allow or Deny.",
    "MISSING_PRINCIPAL": "Add a Principal element to the policy statement.",
    "MISSING_QUALIFIER": "The request context key {{key}} has multiple values. Use the ForAllValues or ForAnyValue condition key qualifiers in your policy.",
    "MISSING_QUOTE_IN_VARIABLE": "The policy variable default value must begin and end with a single quote. Add the missing quote.",
    "MISSING_RESOURCE": "Add a Resource or NotResource element to the policy statement.",
    "MISSING_STATEMENT": "Add a statement to the policy",
    "MISSING_TAG_KEY_IN_CONDITION": "The condition key {{conditionKeyName}} must include a tag key to control access based on tags. Use the format {{conditionKeyName}}tag-key and specify a key name for tag-key.",
    "NULL_WITH_IF_EXISTS": "The Null condition operator cannot be used with the IfExists suffix. Update the operator or the suffix.",
    "POLICY_SIZE_EXCEEDS_RCP_QUOTA": "The {{policySize}} characters in the resource control policy (RCP) exceed the {{policySizeQuota}} character maximum for RCPs. We recommend that you use multiple granular policies.",
    "POLICY_SIZE_EXCEEDS_SCP_QUOTA": "The {{policySize}} characters in the service control policy (SCP) exceed the {{policySizeQuota}} character maximum for SCPs. We recommend that you use multiple granular policies.",
    "PRIVATE_IP_ADDRESS": "aws:SourceIp works only for public IP address ranges. The values for condition key aws:SourceIp include only private IP addresses and will not have the desired effect. Update the value to include only public IP addresses.",
    "PRIVATE_NOT_IP_ADDRESS": "The values for condition key aws:SourceIp include only private IP addresses and has no effect. aws:SourceIp works only for public IP address ranges. Update the value to include only public IP addresses.",
    "RCP_SYNTAX_ERROR_ACTION": "RCPs only support specifying select service prefixes in the Action element. Learn more here.",
    "RCP_SYNTAX_ERROR_ALLOW": 'RCPs only support specifying all principals ("*") in the Principal element, all resources ("*") in the Resource element, and no Condition element with an effect of Allow.',
    "RCP_SYNTAX_ERROR_NOTACTION": "RCPs do not support the NotAction element. Update to use the Action element.",
    "RCP_SYNTAX_ERROR_PRINCIPAL": 'The Principal element contents are not valid. RCPs only support specifying all principals ("*") in the Principal element. The NotPrincipal element is not supported for RCPs.',
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL": "Role trust policies do not support NotPrincipal. Update the policy to use a Principal element instead.",
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE": "Role trust policies apply to the role that they are attached to. You cannot specify a resource. Remove the Resource or NotResource element.",
    "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL": '"Principal:" "*" is not supported in the principal element of a role trust policy. Replace the wildcard with a valid principal value.',
    "SCP_SYNTAX_ERROR_PRINCIPAL": "SCPs do not support specifying principals. Remove the Principal or NotPrincipal element.",
    "TYPE_MISMATCH_IP_RANGE": "The condition operator {{operator}} is used with an invalid IP range value. Specify the IP range in standard CIDR format.",
    "UNIQUE_SIDS_REQUIRED": "Duplicate statement IDs are not supported for this policy type. Update the Sid value.",
    "UNSUPPORTED_ACTION_FOR_CONDITION_KEY": "The following actions: {{actions}} are not supported by the condition key {{key}}. The condition will not be evaluated for these actions. We recommend that you move these actions to a different statement without this condition key.",
    "UNSUPPORTED_ACTION_IN_POLICY": "The action {{action}} is not supported for the resource-based policy attached to resource type {{resourceType}}.",
    "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": "The following condition keys are not supported when used with the service principal: {{conditionKeys}}.",
    "UNSUPPORTED_ELEMENT_COMBINATION": "The policy elements {{element1}} and {{element2}} can not be used in the same statement. Remove one of these elements.",
    "UNSUPPORTED_GLOBAL_CONDITION_KEY": "The condition key aws:ARN is not supported. Use aws:PrincipalArn or aws:SourceArn instead.",
    "UNSUPPORTED_PRINCIPAL": "The policy type {{policy_type}} does not support the Principal element. Remove the Principal element.",
    "UNSUPPORTED_RESOURCE_ARN_IN_POLICY": "The resource ARN is not supported for the resource-based policy attached to resource type {{resourceType}}.",
    "UNSUPPORTED_SID": "Update the characters in the Sid element to use one of the following character types: [a-z, A-Z, 0-9]",
    "UNSUPPORTED_SPACE_IN_VARIABLE": "A space is not supported within the policy variable text. Remove the space.",
    "UNSUPPORTED_WILDCARD_IN_PRINCIPAL": "Wildcards (*, ?) are not supported with the principal key {{principal_key}}. Replace the wildcard with a valid principal value.",
    "VARIABLE_UNSUPPORTED_IN_ELEMENT": "Policy variables are supported in the Resource and Condition elements. Remove the policy variable {{variable}} from this element.",
    "VARIABLE_UNSUPPORTED_IN_VERSION": "To include variables in your policy, use the policy version 2012-10-17 or later.",
    "VARIABLE_USAGE_TOO_PERMISSIVE": (
        "The policy variable is not allowed in the condition key {{key}}. We consider the key to be sensitive and policy variables can be evaluated as effective wildcards. Therefore policy variables are not allowed to be used with sensitive keys. Refer to https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html for the list of sensitive keys.",
        "Overly permissive use of policy variable with aws:userID. Use the policy variable on the right side of colon or as the only character on the left side of a colon.",
    ),
    "WILDCARD_USAGE_TOO_PERMISSIVE": (
        "The wildcard is not allowed in the condition key {{key}}. We consider the key to be sensitive and wildcards are not allowed to be used with sensitive keys. Refer to https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html for the list of sensitive keys.",
        "Overly permissive use of wildcard with aws:userID. Use the wildcard on the right side of colon or as the only character on the left side of a colon.",
    ),
}
_SECURITY_WARNINGS: Final[dict[str, str | tuple[str, ...]]] = {
    "ALLOW_WITH_NOT_PRINCIPAL": "Using Allow with NotPrincipal can be overly permissive. We recommend that you use Principal instead.",
    "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": "Using the effect Deny with NotAction and the tag condition key {{conditionKeyName}} can be overly permissive because some service actions are not denied by this statement. This is because the condition key doesn't apply to some service actions. We recommend that you use Action instead of NotAction.",
    "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": "Using the effect Deny with the tag condition key {{conditionKeyName}} and actions for services with the following prefixes can be overly permissive: {{serviceNames}}. Actions for the listed services are not denied by this statement. We recommend that you move these actions to a different statement without this condition key.",
    "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT": "Restricting dynamodb:Attributes without also setting dynamodb:Select to SPECIFIC_ATTRIBUTES allows all attributes to be returned on read requests that omit a projection expression. We recommend that you also set dynamodb:Select to SPECIFIC_ATTRIBUTES.",
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY": "Using ForAllValues qualifier with the single-valued condition key {{key}} can be overly permissive. We recommend that you remove ForAllValues:.",
    "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE": "Using ForAnyValue qualifier with the single-valued condition key {{key}} can be overly permissive. We recommend that you remove ForAnyValue:.",
    "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL": "Using an Open ID Connect principal without a condition can be overly permissive. Add condition keys with a prefix that matches your federated OIDC principals to ensure that only the intended identity provider assumes the role.",
    "MISSING_GITHUB_REPO_CONDITION_KEY": "Granting a federated GitHub principal permissions without a condition key can allow more sources to assume the role than you intended. Add the token.actions.githubusercontent.com:sub condition key and specify the branch and repository name in the value.",
    "MISSING_PAIRED_CONDITION_KEYS": "Using the condition key {{conditionKeyName}} can be overly permissive without also using the following condition keys: {{recommendedKeys}}. Condition keys like this one are more secure when paired with a related key. We recommend that you add the related condition keys to the same condition block.",
    "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE": "Using NotAction with NotResource can be overly permissive because it can allow iam:PassRole permissions on multiple resources.. We recommend that you specify resource ARNs instead.",
    "PASS_ROLE_WITH_NOT_RESOURCE": "Using the iam:PassRole action with NotResource can be overly permissive because it can allow iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": "Using an action with a wildcard (*) and NotResource can be overly permissive because it can allow iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": "Using wildcards (*) in the action and the resource can be overly permissive because it allows iam:PassRole permissions on all resources. We recommend that you specify resource ARNs or add the iam:PassedToService condition key to your statement.",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE": "Using the iam:PassRole action with wildcards (*) in the resource can be overly permissive because it allows iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs or add the iam:PassedToService condition key to your statement.",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": "Using a resource with wildcards (*) and NotAction can be overly permissive because it allows iam:PassRole permissions on all resources. We recommend that you specify resource ARNs or add the iam:PassedToService condition key to your statement.",
    "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL": "Granting access to a service principal without specifying a source is overly permissive. Use aws:SourceArn, aws:SourceAccount, aws:SourceOrgID, or aws:SourceOrgPaths condition key to grant fine-grained access.",
    "S3_PREFIX_IN_NEGATIVE_CONTEXT": "Using the s3:prefix condition key in a Deny statement or with a negated string operator does not block listing the objects under the matching prefixes. A request that specifies a shorter prefix does not match the condition and can still list those objects. To restrict listing to specific prefixes, use s3:prefix with StringLike in an Allow statement, or use a Deny statement with StringNotLike.",
    "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS": "Use the operator type {{allowed}} instead of operator {{operator}} for the condition key {{key}}.",
    "UNTRUSTWORTHY_CONDITION_KEY": "The {{key}} condition key is not recommended for access control as it can be spoofed/manipulated by the caller.",
}
_WARNINGS: Final[dict[str, str | tuple[str, ...]]] = {
    "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE": "Using NotAction with NotResource can allow creation of unintended service-linked roles because it allows iam:CreateServiceLinkedRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_NOT_RESOURCE": "Using the iam:CreateServiceLinkedRole action with NotResource can allow creation of unintended service-linked roles for multiple resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": "Using an action with a wildcard(*) and NotResource can allow creation of unintended service-linked roles because it can allow iam:CreateServiceLinkedRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": "Using wildcards (*) in the action and the resource can allow creation of unintended service-linked roles because it allows iam:CreateServiceLinkedRole permissions on all resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE": "Using the iam:CreateServiceLinkedRole action with wildcards (*) in the resource can allow creation of unintended service-linked roles. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": "Using a resource with wildcards (*) and NotAction can allow creation of unintended service-linked roles because it allows iam:CreateServiceLinkedRole permissions on all resources. We recommend that you specify resource ARNs instead.",
    "INVALID_DATE_VALUE": "The date {{date}} might not resolve as expected. We recommend that you use the YYYY-MM-DD format.",
    "INVALID_ROLE_REFERENCE": "The Principal element includes the IAM role ID {{roleid}}. We recommend that you use a role ARN instead.",
    "INVALID_USER_REFERENCE": "The Principal element includes the IAM user ID {{userid}}. We recommend that you use a user ARN instead.",
    "MISSING_VERSION": "We recommend that you specify the Version element to help you with debugging permission issues.",
    "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA": "The {{policySize}} characters in the identity policy, excluding whitespace, exceed the {{policySizeQuota}} character maximum for inline and managed policies. We recommend that you use multiple granular policies.",
    "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA": "The {{policySize}} characters in the resource policy exceed the {{policySizeQuota}} character maximum for resource policies. We recommend that you use multiple granular policies.",
    "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA": "The characters in the role trust policy, excluding whitespace, exceed the character maximum. We recommend that you request a role trust policy length quota increase using Service Quotas and AWS Support Center. If the quotas have already been increased, then you can ignore this warning.",
    "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY": 'RCPs impact IAM roles, users, and AWS service principals. To prevent unintended impact to services acting on your behalf using a service principal, an additional statement should be added to the Condition block "BoolIfExists": { "aws:PrincipalIsAWSService": "false"} whenever a principal key {{conditionKeyName}} is used.',
    "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY": 'RCPs impact IAM roles, users, and AWS service principals. To prevent unintended impact to your principals, an additional statement should be added to the Condition block "BoolIfExists": { "aws:PrincipalIsAWSService": "true"} whenever the key {{conditionKeyName}} is used.',
    "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK": 'The specified service may have a service integration that does not require the use of the {{conditionKeyName}} condition key. To prevent unintended impact to services acting on your behalf using a service principal, an additional statement should be added to the Condition block "Null": { "aws:SourceAccount": "false"} or "Null": { "aws:SourceArn": "false"} whenever the key {{conditionKeyName}} is used.',
    "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED": "Using a wildcard (*) in token.actions.githubusercontent.com:sub can allow requests from more sources than you intended. Specify the value of token.actions.githubusercontent.com:sub with the repository and branch name. If the subject claim does not include the branch, specify it in a token.actions.githubusercontent.com:ref condition key.",
    "TYPE_MISMATCH": "Use the operator type {{allowed}} instead of operator {{operator}} for the condition key {{key}}.",
    "TYPE_MISMATCH_BOOLEAN": "Add a valid Boolean value (true or false) for the condition operator {{operator}}.",
    "TYPE_MISMATCH_DATE": "The date condition operator is used with an invalid value. Specify a valid date using YYYY-MM-DD or other ISO 8601 date/time format.",
    "TYPE_MISMATCH_NUMBER": "Add a valid numeric value for the condition operator {{operator}}.",
    "TYPE_MISMATCH_STRING": "Add a valid base64-encoded string value for the condition operator {{operator}}.",
    "UNIQUE_SIDS_RECOMMENDED": "We recommend that you use statement IDs that are unique to your policy. Update the Sid value.",
    "WILDCARD_WITHOUT_LIKE_OPERATOR": "Your condition value includes a * or ? character. If you meant to use a wildcard (*, ?), update the condition operator to include Like.",
}
_SUGGESTIONS: Final[dict[str, str | tuple[str, ...]]] = {
    "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": "Using the effect Allow with NotAction and the tag condition key {{conditionKeyName}} allows only service actions that support the condition key. The condition key doesn't apply to some service actions. We recommend that you use Action instead of NotAction.",
    "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": "Using the effect Allow with the tag condition key {{conditionKeyName}} and actions for services with the following prefixes does not affect the policy: {{serviceNames}}. Actions for the listed service are not allowed by this statement. We recommend that you move these actions to a different statement without this condition key.",
    "CONFIRM_AUDIENCE_CLAIM_TYPE": 'The "{{key}}" ({{audienceType}}) claim key identifies the recipients that the JSON web token is intended for. Because this claim is single-valued, do not use a qualifier.',
    "EMPTY_ARRAY_ACTION": "This statement includes no actions and does not affect the policy. Specify actions.",
    "EMPTY_ARRAY_CONDITION": "There are no values for the condition key {{key}} and it does not affect the policy. Specify conditions.",
    "EMPTY_ARRAY_CONDITION_FORALLVALUES": "The ForAllValues prefix with an empty condition key matches only if the key {{key}} is missing from the request context. To determine if the request context is empty, we recommend that you use the Null condition operator with the value of true instead.",
    "EMPTY_ARRAY_CONDITION_FORANYVALUE": "The ForAnyValue prefix with an empty condition key {{key}} never matches the request context and it does not affect the policy. Specify conditions.",
    "EMPTY_ARRAY_CONDITION_IFEXISTS": "The IfExists suffix with an empty condition key matches only if the key {{key}} is missing from the request context. To determine if the request context is empty, we recommend that you use the Null condition operator with the value of true instead.",
    "EMPTY_ARRAY_PRINCIPAL": "This statement includes no principals and does not affect the policy. Specify principals.",
    "EMPTY_ARRAY_RESOURCE": "This statement includes no resources and does not affect the policy. Specify resources.",
    "EMPTY_OBJECT_CONDITION": "This condition block is empty and it does not affect the policy. Specify conditions.",
    "EMPTY_OBJECT_PRINCIPAL": "This statement includes no principals and does not affect the policy. Specify principals.",
    "EMPTY_SID_VALUE": "Add a value to the empty string in the Sid element.",
    "EQUIVALENT_TO_NULL_FALSE": "We recommend replacing the key {{key}} in the condition block of {{operator}} with {{{recommendedKey}}: false} to ensure better enforcement of the condition.",
    "EQUIVALENT_TO_NULL_TRUE": "We recommend replacing the key {{key}} in the condition block of {{operator}} with {{{recommendedKey}}: true} to ensure better enforcement of the condition.",
    "IMPROVE_IP_RANGE": "The non-zero bits in the IP address after the masked bits are ignored. Replace address with {{addr}}.",
    "IRRELEVANT_CONDITION_KEY_IN_POLICY": "The condition key {{condition_key}} is not relevant for the {{resource_type}} policy.  Use this key in an identity-based policy to govern access to this resource.",
    "NULL_WITH_QUALIFIER": "Avoid using the Null condition operator with the ForAllValues or ForAnyValue qualifiers because they always return a true or false respectively.",
    "PRIVATE_IP_ADDRESS_SUBSET": "The values for condition key aws:SourceIp include a mix of private and public IP addresses. The private addresses will not have the desired effect. aws:SourceIp works only for public IP address ranges. To define permissions for private IP ranges, use aws:VpcSourceIp.",
    "PRIVATE_NOT_IP_ADDRESS_SUBSET": "The values for condition key aws:SourceIp include a mix of private and public IP addresses. The private addresses have no effect. aws:SourceIp works only for public IP address ranges. To define permissions for private IP ranges, use aws:VpcSourceIp.",
    "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": "To restrict access to the service principal {{servicePrincipalPrefix}} operating on your behalf, we recommend aws:SourceArn, aws:SourceAccount, aws:SourceOrgID, or aws:SourceOrgPaths instead of {{key}}.",
    "REDUNDANT_ACTION": "The {{redundantActionCount}} action(s) are redundant because they provide similar permissions. Update the policy to remove the redundant action such as: {{redundantAction}}.",
    "REDUNDANT_CONDITION_VALUE_NUM": "Multiple values in {{operator}} are redundant. Replace with the {{which}} single value for {{key}}.",
    "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION": "The key {{key}} in the condition block of {{operator}} is redundant because it is always matched. Remove this key to simplify the condition.",
    "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY": "The assumed-role principal {{redundant_principal}} is redundant with its parent role {{parent_role}}. Remove the assumed-role principal.",
    "REDUNDANT_RESOURCE": "The {{redundantResourceCount}} resource ARN(s) are redundant because they reference the same resource. Review the use of wildcards (*)",
    "REDUNDANT_STATEMENT": "The statements are redundant because they provide identical permissions. Update the policy to remove the redundant statement.",
    "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION": "The key {{key}} in the condition block of {{operator}} does not match any values. Remove this key to simplify the condition.",
    "WILDCARD_IN_SERVICE_NAME": "Avoid using wildcards (*, ?) in the service name because it might grant unintended access to other AWS services with similar names.",
}
_UNCHECKED: Final = {
    "SCP_SYNTAX_ERROR_ACTION_WILDCARD": (
        FindingType.ERROR,
        "a limit of the language of service control policies that AWS lifted in September 2025",
    ),
    "SCP_SYNTAX_ERROR_ALLOW_CONDITION": (
        FindingType.ERROR,
        "a limit of the language of service control policies that AWS lifted in September 2025",
    ),
    "SCP_SYNTAX_ERROR_ALLOW_NOTACTION": (
        FindingType.ERROR,
        "a limit of the language of service control policies that AWS lifted in September 2025",
    ),
    "SCP_SYNTAX_ERROR_ALLOW_RESOURCE": (
        FindingType.ERROR,
        "a limit of the language of service control policies that AWS lifted in September 2025",
    ),
    "SCP_SYNTAX_ERROR_NOTRESOURCE": (
        FindingType.ERROR,
        "a limit of the language of service control policies that AWS lifted in September 2025",
    ),
    "DEPRECATED_GLOBAL_CONDITION_KEY": (
        FindingType.WARNING,
        "its only subject, aws:ARN, is told as UNSUPPORTED_GLOBAL_CONDITION_KEY",
    ),
    "USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES": (
        FindingType.WARNING,
        "no data says which services supply aws:VpceAccount, aws:VpceOrgID and aws:VpceOrgPaths",
    ),
}


def _table() -> Mapping[str, Code]:
    table: dict[str, Code] = {}
    for kind, texts in (
        (FindingType.ERROR, _ERRORS),
        (FindingType.SECURITY_WARNING, _SECURITY_WARNINGS),
        (FindingType.WARNING, _WARNINGS),
        (FindingType.SUGGESTION, _SUGGESTIONS),
    ):
        table |= {code: Code(kind, (text,) if isinstance(text, str) else text) for code, text in texts.items()}
    table |= {code: Code(kind, (), reason) for code, (kind, reason) in _UNCHECKED.items()}
    return MappingProxyType(table)


CODES: Final = _table()
"""Every code that AWS's page names or named, checked here or not."""
