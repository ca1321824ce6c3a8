"""S3's actions by what they act on (Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3").

PutBucketPolicy refuses actions that do not exist and statements whose actions and resources do not meet.
"""

from __future__ import annotations

import re
from functools import lru_cache

BUCKET_ACTIONS = frozenset(
    """
    CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration
    DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl
    GetBucketCORS GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification
    GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
    GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
    GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration
    GetMetricsConfiguration GetReplicationConfiguration ListBucket ListBucketMultipartUploads ListBucketVersions
    PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS PutBucketLogging
    PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy
    PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
    PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration
    PutMetricsConfiguration PutReplicationConfiguration ListTagsForResource TagResource UntagResource
    UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration
    """.split()  # noqa: SIM905 - two hundred names are read more easily as text
)
OBJECT_ACTIONS = frozenset(
    """
    AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectAnnotation DeleteObjectTagging
    DeleteObjectVersion DeleteObjectVersionAnnotation DeleteObjectVersionTagging GetObject GetObjectAcl
    GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectTorrent
    GetObjectVersion GetObjectVersionAcl GetObjectVersionAnnotation GetObjectVersionAttributes
    GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication
    ListMultipartUploadParts ListObjectAnnotations ListObjectVersionAnnotations ObjectOwnerOverrideToBucketOwner PutObject
    PutObjectAcl PutObjectAnnotation PutObjectLegalHold PutObjectRetention PutObjectTagging PutObjectVersionAcl
    PutObjectVersionAnnotation PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateTags RestoreObject
    UpdateObjectEncryption
    """.split()  # noqa: SIM905
)
_OTHER_ACTIONS = frozenset(
    """
    AssociateAccessGrantsIdentityCenter CreateAccessGrant CreateAccessGrantsInstance CreateAccessGrantsLocation
    CreateAccessPoint CreateAccessPointForObjectLambda CreateJob CreateMultiRegionAccessPoint CreateStorageLensGroup
    DeleteAccessGrant DeleteAccessGrantsInstance DeleteAccessGrantsInstanceResourcePolicy DeleteAccessGrantsLocation
    DeleteAccessPoint DeleteAccessPointForObjectLambda DeleteAccessPointPolicy DeleteAccessPointPolicyForObjectLambda
    DeleteJobTagging DeleteMultiRegionAccessPoint DeleteStorageLensConfiguration DeleteStorageLensConfigurationTagging
    DeleteStorageLensGroup DescribeJob DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter
    GetAccessGrant GetAccessGrantsInstance GetAccessGrantsInstanceForPrefix GetAccessGrantsInstanceResourcePolicy
    GetAccessGrantsLocation GetAccessPoint GetAccessPointConfigurationForObjectLambda GetAccessPointForObjectLambda
    GetAccessPointPolicy GetAccessPointPolicyForObjectLambda GetAccessPointPolicyStatus
    GetAccessPointPolicyStatusForObjectLambda GetAccountPublicAccessBlock GetDataAccess GetJobTagging
    GetMultiRegionAccessPoint GetMultiRegionAccessPointPolicy GetMultiRegionAccessPointPolicyStatus
    GetMultiRegionAccessPointRoutes GetStorageLensConfiguration GetStorageLensConfigurationTagging GetStorageLensDashboard
    GetStorageLensGroup ListAccessGrants ListAccessGrantsInstances ListAccessGrantsLocations ListAccessPoints
    ListAccessPointsForObjectLambda ListAllMyBuckets ListCallerAccessGrants ListJobs ListMultiRegionAccessPoints
    ListStorageLensConfigurations ListStorageLensGroups PauseReplication PutAccessGrantsInstanceResourcePolicy
    PutAccessPointConfigurationForObjectLambda PutAccessPointPolicy PutAccessPointPolicyForObjectLambda
    PutAccessPointPublicAccessBlock PutAccountPublicAccessBlock PutJobTagging PutMultiRegionAccessPointPolicy
    PutStorageLensConfiguration PutStorageLensConfigurationTagging SubmitMultiRegionAccessPointRoutes
    UpdateAccessGrantsLocation UpdateJobPriority UpdateJobStatus UpdateStorageLensGroup
    """.split()  # noqa: SIM905
)
_KNOWN = BUCKET_ACTIONS | OBJECT_ACTIONS | _OTHER_ACTIONS
CONDITION_KEYS = frozenset(
    f"s3:{key}"
    for key in """
    accessgrantsinstancearn accesspointnetworkorigin authtype dataaccesspointaccount dataaccesspointarn delimiter
    existingjoboperation existingjobpriority if-match if-none-match inventoryaccessibleoptionalfields jobsuspendedcause
    locationconstraint max-keys object-lock-legal-hold object-lock-mode object-lock-remaining-retention-days
    object-lock-retain-until-date objectcreationoperation prefix requestjoboperation requestjobpriority
    requestobjecttagkeys resourceaccount signatureage signatureversion tlsversion versionid x-amz-acl
    x-amz-bucket-namespace x-amz-content-sha256 x-amz-copy-source x-amz-grant-full-control x-amz-grant-read
    x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp x-amz-metadata-directive x-amz-object-ownership
    x-amz-server-side-encryption x-amz-server-side-encryption-aws-kms-key-id
    x-amz-server-side-encryption-customer-algorithm x-amz-storage-class x-amz-website-redirect-location
    """.split()  # noqa: SIM905
)
CONDITION_KEY_FAMILIES = ("s3:existingobjecttag/", "s3:requestobjecttag/", "s3:buckettag/", "s3:accesspointtag/")
LIST_KEYS = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys"})
LIST_ACTIONS = frozenset({"ListBucket", "ListBucketVersions"})


@lru_cache(maxsize=4096)
def actions_meant(pattern: str) -> frozenset[str]:
    """S3's actions that a policy's ``s3:Get*`` means, without the prefix; empty where there is none such."""
    name = "*" if pattern == "*" else pattern.partition(":")[2]
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in name)
    fits = re.compile("".join(parts), re.IGNORECASE).fullmatch
    return frozenset(action for action in _KNOWN if fits(action))
