"""AWS's own managed policies as a corpus: the findings that AWS's page says they have, and hardly any others.

Source: IAM User Guide, "IAM policy validation check reference", the lists of managed policies below the checks.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from analysiskit import validate

from daypass.analysis.codes import FindingType
from daypass.directory.aws_managed import aws_policies


@pytest.mark.slow
def test_aws_own_policies_have_the_findings_that_aws_names() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    policies = aws_policies()
    for policy in policies:
        for finding in validate(policy.document):
            found[finding.code].add(policy.name)
            if finding.type is FindingType.ERROR:
                found["ERROR"].add(policy.name)
    assert found["PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"] >= {"AdministratorAccess", "IAMFullAccess"}
    assert len(found["PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"]) <= 3
    assert found["CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE"] >= {"AdministratorAccess", "IAMFullAccess"}
    assert found["CREATE_SLR_WITH_STAR_IN_RESOURCE"] >= {"PowerUserAccess", "AWSOrganizationsServiceTrustPolicy"}
    assert found["PASS_ROLE_WITH_STAR_IN_RESOURCE"] >= {
        "AdministratorAccess-Amplify",
        "AWSElasticBeanstalkService",
        "AWSServiceRoleForAmazonEKSNodegroup",
        "AmazonDynamoDBFullAccesswithDataPipeline",
        "AmazonElasticMapReduceFullAccess",
    }
    assert found["STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS"] >= {
        "AWSCodePipeline_FullAccess",
        "AWSCodePipeline_ReadOnlyAccess",
        "AmazonSecurityLakeAdministrator",
        "S3UnlockBucketPolicy",
        "SQSUnlockQueuePolicy",
    }
    assert found["POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"] >= {"ReadOnlyAccess", "AWSSupportServiceRolePolicy"}
    assert len(found["ERROR"]) < len(policies) * 0.07  # retired services and actions, mostly
