"""Delegation requests from asking to the delegated session (iam.md 23, sts.md 4.8): a partner, an owner, an approver."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, document, make_host, refusal, trusting

from daypass.errors import ApiError
from daypass.services.iam.delegation_templates import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PARTNER, OWNER = OTHER_ACCOUNT, ACCOUNT
CHANNEL = "arn:aws:s3:::partner-inbox"
DAY = 86_400
TEMPLATE = document(
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::@{bucketName}", "arn:aws:s3:::@{bucketName}/@{folders}/*"]},
    {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"},
)  # fmt: skip
PARAMETERS = [
    {"Name": "bucketName", "Values": ["data"], "Type": "string"},
    {"Name": "folders", "Values": ["a", "b"], "Type": "stringList"},
]
RENDERED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/a/*", "arn:aws:s3:::data/b/*"],
        },
        {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"},
    ],
}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A partner with an inbox that IAM may put objects into, and an owner with a bucket of data."""
    made = make_host(tmp_path)
    inbox, data = made.admin("s3", PARTNER), made.admin("s3", OWNER)
    inbox.create_bucket(Bucket="partner-inbox")
    inbox.put_bucket_policy(
        Bucket="partner-inbox",
        Policy=allow(
            "s3:PutObject",
            resource="arn:aws:s3:::partner-inbox/delegation-requests/*",
            Principal={"Service": "iam.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": PARTNER}},
        ),
    )
    data.create_bucket(Bucket="data")
    for key in ("a/1", "c/1"):
        data.put_object(Bucket="data", Key=key, Body=b"x")
    yield made
    made.close()


@pytest.fixture
def template(host: Host) -> str:
    made = host.admin("iam", PARTNER).create_policy(PolicyName="template", PolicyDocument=TEMPLATE)
    return str(made["Policy"]["Arn"])


def create(host: Host, template: str, **more: Any) -> str:
    parameters = {
        "Description": "Set up the product", "Permissions": {"PolicyTemplateArn": template, "Parameters": PARAMETERS},
        "RequestorWorkflowId": "workflow-1", "NotificationChannel": CHANNEL, "SessionDuration": 3600,
    } | more  # fmt: skip
    return str(host.admin("iam", PARTNER).create_delegation_request(**parameters)["DelegationRequestId"])


def message(host: Host, request_id: str, state: str) -> dict[str, Any]:
    """What the partner finds in its inbox."""
    key = f"delegation-requests/{request_id}/{state}.json"
    return dict(json.loads(host.admin("s3", PARTNER).get_object(Bucket="partner-inbox", Key=key)["Body"].read()))


def trade(host: Host, token: str, by: Mapping[str, Any] | None = None) -> dict[str, Any]:
    sts = host.admin("sts", PARTNER) if by is None else host.client("sts", by)
    return dict(sts.get_delegated_access_token(TradeInToken=token))


def granted(host: Host, template: str, iam: Any, **more: Any) -> tuple[str, str]:
    """The id of a request that ``iam`` has taken, accepted and sent, and its exchange token."""
    request_id = create(host, template, **more)
    iam.associate_delegation_request(DelegationRequestId=request_id)
    iam.accept_delegation_request(DelegationRequestId=request_id)
    iam.send_delegation_token(DelegationRequestId=request_id)
    return request_id, message(host, request_id, "FINALIZED")["exchangeToken"]


def shown(iam: Any, request_id: str) -> dict[str, Any]:
    return dict(iam.get_delegation_request(DelegationRequestId=request_id)["DelegationRequest"])


def test_from_asking_to_the_delegated_session(host: Host, template: str) -> None:
    admin = host.admin("iam", OWNER)
    request_id = create(
        host, template, OwnerAccountId=OWNER, RequestMessage="please", RedirectUrl="https://p.example/x"
    )
    seen = shown(admin, request_id)
    assert json.loads(seen.pop("PermissionPolicy")) == RENDERED
    assert seen == {
        "DelegationRequestId": request_id,
        "OwnerAccountId": OWNER,
        "Description": "Set up the product",
        "RequestMessage": "please",
        "Permissions": {"PolicyTemplateArn": template, "Parameters": PARAMETERS},
        "RolePermissionRestrictionArns": [],
        "State": "UNASSIGNED",
        "ExpirationTime": datetime.fromtimestamp(START + DAY, UTC),
        "RequestorId": PARTNER,
        "RequestorName": f"account-{PARTNER}",
        "CreateDate": datetime.fromtimestamp(START, UTC),
        "SessionDuration": 3600,
        "RedirectUrl": "https://p.example/x",
        "OnlySendByOwner": False,
        "UpdatedTime": datetime.fromtimestamp(START, UTC),
    }
    host.at(60)
    admin.associate_delegation_request(DelegationRequestId=request_id)
    arn = f"arn:aws:iam::{OWNER}:user/admin"
    assert (shown(admin, request_id)["State"], shown(admin, request_id)["OwnerId"]) == ("ASSIGNED", arn)
    assert shown(admin, request_id)["ExpirationTime"] == datetime.fromtimestamp(START + 60 + 7 * DAY, UTC)
    admin.update_delegation_request(DelegationRequestId=request_id, Notes="boss, please")
    assert (shown(admin, request_id)["State"], shown(admin, request_id)["Notes"]) == (
        "PENDING_APPROVAL",
        "boss, please",
    )
    assert message(host, request_id, "PENDING_APPROVAL")["requestorWorkflowId"] == "workflow-1"
    admin.accept_delegation_request(DelegationRequestId=request_id)
    assert (shown(admin, request_id)["State"], shown(admin, request_id)["ApproverId"]) == ("ACCEPTED", arn)
    assert "exchangeToken" not in message(host, request_id, "ACCEPTED")
    host.at(60)
    admin.send_delegation_token(DelegationRequestId=request_id)
    told = message(host, request_id, "FINALIZED")
    assert (told["ownerAccountId"], told["expiration"]) == (OWNER, int(START) + 120 + 3600)
    host.at(30)
    answer = trade(host, told["exchangeToken"])
    assert answer["AssumedPrincipal"] == arn
    assert answer["Credentials"]["Expiration"] == datetime.fromtimestamp(START + 120 + 3600, UTC)
    assert "PackedPolicySize" not in answer
    s3 = host.client("s3", answer["Credentials"])
    assert s3.get_object(Bucket="data", Key="a/1")["Body"].read() == b"x"
    assert "session policy" in refusal(s3.get_object, Bucket="data", Key="c/1")[2]
    assert host.client("iam", answer["Credentials"]).get_user(UserName="admin")
    assert refusal(host.client("iam", answer["Credentials"]).list_users)[1] == "AccessDenied"
    assert host.client("sts", answer["Credentials"]).get_caller_identity()["Arn"] == arn


def test_it_is_never_more_than_the_approver_has(host: Host, template: str) -> None:
    little = host.user("little", allow("iam:*Delegation*", "s3:ListBucket"))
    _, token = granted(host, template, host.client("iam", little))
    s3 = host.client("s3", trade(host, token)["Credentials"])
    s3.list_objects_v2(Bucket="data")
    assert refusal(s3.get_object, Bucket="data", Key="a/1")[1] == "AccessDenied"
    host.admin("iam").delete_user_policy(UserName="little", PolicyName="p")
    assert refusal(s3.list_objects_v2, Bucket="data")[1] == "AccessDenied", "what the approver has now, not then"


def test_a_grant_to_the_approver_by_name_is_none_to_the_delegate(host: Host, template: str) -> None:
    by_name = allow(
        "s3:GetObject", resource="arn:aws:s3:::data/*", Principal={"AWS": f"arn:aws:iam::{OWNER}:user/admin"}
    )
    host.admin("s3").put_bucket_policy(Bucket="data", Policy=by_name)
    _, token = granted(host, template, host.admin("iam"))
    s3 = host.client("s3", trade(host, token)["Credentials"])
    assert host.admin("s3").get_object(Bucket="data", Key="c/1")
    assert refusal(s3.get_object, Bucket="data", Key="c/1")[1] == "AccessDenied"


def test_a_role_session_approves_and_its_identity_goes_along(host: Host, template: str) -> None:
    role = host.role("Boss", trusting(OWNER, "sts:*"), allow("*"), Path="/team/")
    alice = host.user("alice", allow("*"))
    tags = [{"Key": "team", "Value": "blue"}]
    session = host.assume(alice, role, "deciding", SourceIdentity="alice", Tags=tags)
    request_id, token = granted(host, template, host.client("iam", session))
    answer = trade(host, token)
    assert answer["AssumedPrincipal"] == role
    arn = f"arn:aws:sts::{OWNER}:assumed-role/Boss/deciding"
    assert shown(host.client("iam", session), request_id)["ApproverId"] == arn
    host.client("iam", answer["Credentials"]).get_user(UserName="alice")
    identity = host.journal.records[-1]["userIdentity"]
    assert identity["arn"] == arn
    assert identity["sessionContext"]["sourceIdentity"] == "alice"
    assert identity["invokedByDelegate"] == {"accountId": PARTNER}
    host.admin("iam").delete_role_policy(RoleName="Boss", PolicyName="p")
    host.admin("iam").delete_role(RoleName="Boss")
    assert refusal(host.client("sts", answer["Credentials"]).get_caller_identity)[1] == "InvalidClientTokenId"
    assert refusal(trade, host=host, token=token)[:2] == (400, "ExpiredTradeInTokenException")


def test_a_root_user_approves_up_to_four_hours(host: Host, template: str) -> None:
    root = host.root("iam")
    long = create(host, template, SessionDuration=4 * 3600 + 1)
    root.associate_delegation_request(DelegationRequestId=long)
    text = "A root user can accept delegation requests of up to 4 hours."
    assert refusal(root.accept_delegation_request, DelegationRequestId=long) == (400, "InvalidInput", text)
    _, token = granted(host, template, root, SessionDuration=4 * 3600, RequestorWorkflowId="workflow-2")
    credentials = trade(host, token)["Credentials"]
    assert host.client("sts", credentials).get_caller_identity()["Arn"] == f"arn:aws:iam::{OWNER}:root"
    assert refusal(host.client("s3", credentials).get_object, Bucket="data", Key="c/1")[1] == "AccessDenied"


def test_b1_limited_credentials_cannot_hand_on_more_than_they_have(host: Host, template: str) -> None:
    role = host.role("Boss", trusting(OWNER), allow("*"))
    alice = host.user("alice", allow("*"))
    limited = host.assume(alice, role, "narrow", Policy=allow("iam:*DelegationRequest", "iam:SendDelegationToken"))
    request_id = create(host, template)
    iam = host.client("iam", limited)
    iam.associate_delegation_request(DelegationRequestId=request_id)
    assert refusal(iam.accept_delegation_request, DelegationRequestId=request_id)[:2] == (403, "AccessDenied")
    everything = host.admin("iam", PARTNER).create_policy(PolicyName="all", PolicyDocument=allow("*"))["Policy"]["Arn"]
    all_of_it = {"PolicyTemplateArn": everything}
    _, token = granted(host, template, host.admin("iam"), Permissions=all_of_it, RequestorWorkflowId="workflow-2")
    delegate = host.client("iam", trade(host, token)["Credentials"])
    assert delegate.list_users()
    assert refusal(delegate.accept_delegation_request, DelegationRequestId=request_id)[:2] == (403, "AccessDenied")


def test_a_delegate_stays_known_along_a_chain_of_roles(host: Host, template: str) -> None:
    everything = host.admin("iam", PARTNER).create_policy(PolicyName="all", PolicyDocument=allow("*"))["Policy"]["Arn"]
    _, token = granted(host, template, host.admin("iam"), Permissions={"PolicyTemplateArn": everything})
    role = host.role("Next", trusting(OWNER), allow("*"))
    chained = host.assume(trade(host, token)["Credentials"], role, "chained")
    host.client("iam", chained).list_users()
    assert host.journal.records[-1]["userIdentity"]["invokedByDelegate"] == {"accountId": PARTNER}
    request_id = create(host, template, RequestorWorkflowId="workflow-2")
    host.admin("iam").associate_delegation_request(DelegationRequestId=request_id)
    further = host.client("iam", chained)
    assert refusal(further.accept_delegation_request, DelegationRequestId=request_id)[:2] == (403, "AccessDenied")


def test_the_token_is_worth_nothing_to_others_and_nothing_afterwards(host: Host, template: str) -> None:
    request_id, token = granted(host, template, host.admin("iam"))
    for other in (host.admin("sts", OWNER), host.root("sts", OWNER)):
        assert refusal(other.get_delegated_access_token, TradeInToken=token)[:2] == (400, "ValidationError")
    for broken in (token[:-4], token[:-4] + "AAAA", "x", "ä", token + "\n"):
        text = "The trade-in token provided in the request is not valid."
        assert refusal(trade, host=host, token=broken) == (400, "ValidationError", text)
    nobody = host.user("nobody", account=PARTNER)
    assert refusal(trade, host=host, token=token, by=nobody)[:2] == (403, "AccessDenied")
    assert trade(host, token)["Credentials"]["AccessKeyId"] != trade(host, token)["Credentials"]["AccessKeyId"]
    host.at(3600)
    expired = (400, "ExpiredTradeInTokenException")
    assert refusal(trade, host=host, token=token)[:2] == expired
    host.at(40 * DAY)
    create(host, template, RequestorWorkflowId="workflow-2")
    assert refusal(host.admin("iam").get_delegation_request, DelegationRequestId=request_id)[1] == "NoSuchEntity"
    assert refusal(trade, host=host, token=token)[:2] == expired


def test_one_revocation_ends_what_was_and_what_will_be_traded_in(host: Host, template: str) -> None:
    _, token = granted(host, template, host.admin("iam"))
    host.at(10)
    before = {
        "DateLessThan": {"aws:TokenIssueTime": datetime.fromtimestamp(host.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    }
    revoke = deny("*", Condition=before)
    first = trade(host, token)["Credentials"]
    host.admin("iam").put_user_policy(UserName="admin", PolicyName="AWSRevokeOlderSessions", PolicyDocument=revoke)
    host.at(60)
    for credentials in (first, trade(host, token)["Credentials"]):
        assert refusal(host.client("s3", credentials).get_object, Bucket="data", Key="a/1")[1] == "AccessDenied"


def test_the_trails_of_both_accounts_tell_of_the_trade_and_hold_no_token(host: Host, template: str) -> None:
    _, token = granted(host, template, host.admin("iam"))
    key_id = trade(host, token)["Credentials"]["AccessKeyId"]
    records = [r for r in host.journal.records if r["eventName"] == "GetDelegatedAccessToken"]
    assert [record["recipientAccountId"] for record in records] == [PARTNER, OWNER]
    assert all(record["responseElements"]["credentials"]["accessKeyId"] == key_id for record in records)
    admin = host.admin("iam").get_user(UserName="admin")["User"]["UserId"]
    assert all(record["requestParameters"]["principalId"] == admin for record in records)
    assert token.encode() not in b"".join(host.journal.lines)


@pytest.mark.parametrize(
    ("before", "call"),
    [
        ([], "accept"), ([], "update"), ([], "reject"), ([], "send"),
        (["associate"], "associate"), (["associate"], "send"),
        (["associate", "accept"], "accept"), (["associate", "accept"], "update"),
        (["associate", "reject"], "accept"), (["associate", "reject"], "update"), (["associate", "reject"], "reject"),
        (["associate", "accept", "send"], "reject"), (["associate", "accept", "send"], "send"),
        (["associate", "accept", "reject"], "send"),
    ],
)  # fmt: skip
def test_no_state_is_reached_but_from_those_before_it(host: Host, template: str, before: list[str], call: str) -> None:
    iam, request_id = host.admin("iam"), create(host, template)
    for step in before:
        _do(iam, step, request_id)
    status, code, text = refusal(_do, iam=iam, step=call, request_id=request_id)
    assert (status, code) == (400, "InvalidInput")
    assert "is in state" in text


def test_requests_expire(host: Host, template: str) -> None:
    iam, request_id = host.admin("iam"), create(host, template)
    host.at(DAY)
    assert shown(iam, request_id)["State"] == "EXPIRED"
    assert refusal(_do, iam=iam, step="associate", request_id=request_id)[1] == "InvalidInput"
    second = create(host, template, RequestorWorkflowId="workflow-2")
    _do(iam, "associate", second)
    host.at(7 * DAY - 1)
    _do(iam, "accept", second)
    host.at(7 * DAY)
    assert refusal(_do, iam=iam, step="send", request_id=second)[1] == "InvalidInput"


def test_a_rejection_tells_why_and_who_sends_can_be_limited(host: Host, template: str) -> None:
    iam, request_id = host.admin("iam"), create(host, template, OnlySendByOwner=True)
    boss = host.client("iam", host.user("boss", allow("*")))
    _do(iam, "associate", request_id)
    boss.accept_delegation_request(DelegationRequestId=request_id)
    assert refusal(boss.send_delegation_token, DelegationRequestId=request_id)[:2] == (403, "AccessDenied")
    boss.reject_delegation_request(DelegationRequestId=request_id, Notes="no")
    assert shown(iam, request_id)["RejectionReason"] == "no"
    assert message(host, request_id, "REJECTED")["reason"] == "no"


def test_who_sees_a_request(host: Host, template: str) -> None:
    free = create(host, template)
    addressed = create(host, template, OwnerAccountId=OWNER, RequestorWorkflowId="workflow-2")
    partner, admin = host.admin("iam", PARTNER), host.admin("iam")
    assert shown(partner, free)["State"] == shown(admin, free)["State"] == "UNASSIGNED"
    assert refusal(partner.get_delegation_request, DelegationRequestId=addressed)[:2] == (404, "NoSuchEntity")
    assert admin.list_delegation_requests()["DelegationRequests"] == []
    owner = host.user("owner", allow("iam:AssociateDelegationRequest"))
    theirs = host.client("iam", owner)
    assert refusal(theirs.get_delegation_request, DelegationRequestId=free)[1] == "AccessDenied"
    theirs.associate_delegation_request(DelegationRequestId=free)
    assert shown(theirs, free)["State"] == "ASSIGNED", "its owner reads it without any policy"
    theirs.update_delegation_request(DelegationRequestId=free, Notes="x")
    assert refusal(theirs.accept_delegation_request, DelegationRequestId=free)[1] == "AccessDenied"
    assert refusal(partner.get_delegation_request, DelegationRequestId=free)[1] == "NoSuchEntity"
    admin.associate_delegation_request(DelegationRequestId=addressed)
    listed = admin.list_delegation_requests()
    assert {request["DelegationRequestId"] for request in listed["DelegationRequests"]} == {free, addressed}
    assert listed["isTruncated"] is False
    mine = admin.list_delegation_requests(OwnerId=f"arn:aws:iam::{OWNER}:user/owner")["DelegationRequests"]
    assert [request["DelegationRequestId"] for request in mine] == [free]
    first = admin.list_delegation_requests(MaxItems=1)
    assert first["isTruncated"] is True
    rest = admin.list_delegation_requests(MaxItems=1, Marker=first["Marker"])
    assert {
        first["DelegationRequests"][0]["DelegationRequestId"],
        rest["DelegationRequests"][0]["DelegationRequestId"],
    } == {free, addressed}


def owners_rights(iam: Any, request_id: str) -> list[str]:
    """What credentials may do with a request that are the owner's by default: the codes of refusals, or ok."""
    arn = f"arn:aws:iam::{OWNER}:delegation-request/{request_id}"
    calls = [
        lambda: iam.get_delegation_request(DelegationRequestId=request_id),
        lambda: iam.update_delegation_request(DelegationRequestId=request_id, Notes="x"),
        lambda: iam.get_human_readable_summary(EntityArn=arn),
    ]
    return [_code(call) for call in calls]


def _code(call: Any) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_a_delegate_is_not_the_owner_whose_arn_it_shows(host: Host, template: str) -> None:
    boss = host.client("iam", host.user("boss", allow("*")))
    _, token = granted(host, template, boss)
    other = create(host, template, RequestorWorkflowId="workflow-2")
    boss.associate_delegation_request(DelegationRequestId=other)
    delegate = host.client("iam", trade(host, token)["Credentials"])
    assert owners_rights(delegate, other) == ["AccessDenied"] * 3
    assert owners_rights(boss, other) == ["ok"] * 3
    assert shown(boss, other)["Notes"] == "x"


def test_limited_credentials_are_not_the_owner_whose_arn_they_show(host: Host, template: str) -> None:
    role, alice = host.role("Boss", trusting(OWNER), allow("*")), host.user("alice", allow("*"))
    session = host.client("iam", host.assume(alice, role, "one"))
    request_id = create(host, template)
    session.associate_delegation_request(DelegationRequestId=request_id)
    assert owners_rights(session, request_id) == ["ok"] * 3
    by_policy = host.assume(alice, role, "one", Policy=allow("s3:*"))
    by_arn = host.assume(alice, role, "one", PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}])
    for limited in (by_policy, by_arn):
        assert owners_rights(host.client("iam", limited), request_id) == ["AccessDenied"] * 3
    reader = host.assume(alice, role, "one", Policy=allow("iam:GetDelegationRequest"))
    assert owners_rights(host.client("iam", reader), request_id) == ["ok", "AccessDenied", "ok"]


def test_an_explicit_deny_holds_for_the_owner_too(host: Host, template: str) -> None:
    request_id = create(host, template)
    owner = host.client("iam", host.user("owner", allow("iam:AssociateDelegationRequest")))
    owner.associate_delegation_request(DelegationRequestId=request_id)
    assert owners_rights(owner, request_id) == ["ok"] * 3, "an owner needs no policy"
    admin = host.admin("iam")
    denied = deny("iam:GetDelegationRequest", "iam:UpdateDelegationRequest")
    admin.put_user_policy(UserName="owner", PolicyName="deny", PolicyDocument=denied)
    assert owners_rights(owner, request_id) == ["AccessDenied"] * 3
    admin.delete_user_policy(UserName="owner", PolicyName="deny")
    boundary = admin.create_policy(PolicyName="b", PolicyDocument=denied)["Policy"]["Arn"]
    admin.put_user_permissions_boundary(UserName="owner", PermissionsBoundary=boundary)
    assert owners_rights(owner, request_id) == ["AccessDenied"] * 3


def test_a_delegate_does_not_send_a_token_that_only_the_owner_sends(host: Host, template: str) -> None:
    everything = host.admin("iam", PARTNER).create_policy(PolicyName="all", PolicyDocument=allow("*"))["Policy"]["Arn"]
    boss = host.client("iam", host.user("boss", allow("*")))
    _, token = granted(host, template, boss, Permissions={"PolicyTemplateArn": everything})
    kept = create(host, template, RequestorWorkflowId="workflow-2", OnlySendByOwner=True)
    _do(boss, "associate", kept)
    _do(boss, "accept", kept)
    delegate = host.client("iam", trade(host, token)["Credentials"])
    assert refusal(delegate.send_delegation_token, DelegationRequestId=kept)[:2] == (403, "AccessDenied")
    assert shown(boss, kept)["State"] == "ACCEPTED"
    _do(boss, "send", kept)


def test_the_summary_is_not_supported_and_says_so(host: Host, template: str) -> None:
    iam, request_id = host.admin("iam"), create(host, template)
    arn = f"arn:aws:iam::{OWNER}:delegation-request/{request_id}"
    answer = iam.get_human_readable_summary(EntityArn=arn, Locale="de")
    assert (answer["SummaryState"], answer["Locale"], answer.get("SummaryContent")) == ("NOT_SUPPORTED", "de", None)
    assert refusal(iam.get_human_readable_summary, EntityArn=arn[:-1] + "0x")[1] == "NoSuchEntity"
    assert refusal(iam.get_human_readable_summary, EntityArn=f"arn:aws:iam::{OWNER}:user/alice")[1] == "InvalidInput"


@pytest.mark.parametrize(
    ("policy", "template", "expected"),
    [
        (allow("*"), allow("s3:GetObject", resource="arn:aws:s3:::data"), "ALLOWED"),
        (allow("*"), allow("s3:*"), "UNSURE"),
        (allow("*"), allow("s3:GetObject", resource="arn:aws:s3:::data/*"), "UNSURE"),
        (allow("iam:*", "s3:ListBucket"), allow("s3:GetObject", resource="arn:aws:s3:::data/k"), "DENIED"),
        (allow("iam:*"), document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}), "UNSURE"),
    ],
)
def test_a_permission_check_says_what_it_can_tell(host: Host, policy: str, template: str, expected: str) -> None:
    arn = host.admin("iam", PARTNER).create_policy(PolicyName="t", PolicyDocument=template)["Policy"]["Arn"]
    request_id = create(host, arn, Permissions={"PolicyTemplateArn": arn})
    iam = host.client("iam", host.user("asker", policy))
    answer = iam.get_delegation_request(DelegationRequestId=request_id, DelegationPermissionCheck=True)
    assert (answer["PermissionCheckStatus"], answer["PermissionCheckResult"]) == ("COMPLETE", expected)


def test_boundaries_of_roles_to_be_made_are_shown(host: Host) -> None:
    boundary = f"arn:aws:iam::{OWNER}:policy/limit"
    template = allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": boundary}})
    arn = host.admin("iam", PARTNER).create_policy(PolicyName="t", PolicyDocument=template)["Policy"]["Arn"]
    request_id = create(host, arn, Permissions={"PolicyTemplateArn": arn})
    assert shown(host.admin("iam"), request_id)["RolePermissionRestrictionArns"] == [boundary]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"NotificationChannel": "arn:aws:sns:us-east-1:444455556666:topic"}, "has no SNS"),
        ({"NotificationChannel": "arn:aws:s3:::data"}, "notification channel must be"),
        ({"NotificationChannel": "arn:aws:s3:::nowhere"}, "notification channel must be"),
        ({"Permissions": {"PolicyTemplateArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}, "customer managed policy"),
        ({"Permissions": {"PolicyTemplateArn": "no arn at all, but long"}}, "customer managed policy"),
        ({"Permissions": {"Parameters": PARAMETERS}}, "customer managed policy"),
    ],
)
def test_what_cannot_mean_anything_here_is_refused(
    host: Host, template: str, parameters: dict[str, Any], expected: str
) -> None:
    status, code, text = refusal(create, host=host, template=template, **parameters)
    assert (status, code) == (400, "InvalidInput")
    assert expected in text


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (PARAMETERS[:1], "needs the parameter folders"),
        ([*PARAMETERS, {"Name": "other", "Values": ["x"], "Type": "string"}], "has no parameter other"),
        ([*PARAMETERS, PARAMETERS[0]], "given twice"),
        ([PARAMETERS[1], PARAMETERS[0] | {"Values": ["a", "b"]}], "takes one value"),
        ([PARAMETERS[1], PARAMETERS[0] | {"Type": "stringList"}], "Two lists go into one text"),
        ([PARAMETERS[0], PARAMETERS[1] | {"Values": ["x" * 2048]}], "longer than 2048"),
    ],
)
def test_the_template_and_its_parameters_fit(
    host: Host, template: str, parameters: list[dict[str, Any]], expected: str
) -> None:
    permissions = {"PolicyTemplateArn": template, "Parameters": parameters}
    status, code, text = refusal(create, host=host, template=template, Permissions=permissions)
    assert (status, code) == (400, "InvalidInput")
    assert expected in text


def test_what_is_filled_in_must_be_a_policy() -> None:
    with pytest.raises(ApiError) as caught:
        rendered(allow("@{action}"), (("action", ("nonsense",), "string"),))
    assert caught.value.code == "InvalidInput"
    assert "does not give a policy" in str(caught.value)


def test_a_value_adds_no_element_to_the_policy(host: Host, template: str) -> None:
    wicked = 'data","arn:aws:s3:::other'
    parameters = [PARAMETERS[1], PARAMETERS[0] | {"Values": [wicked]}]
    request_id = create(host, template, Permissions={"PolicyTemplateArn": template, "Parameters": parameters})
    policy = json.loads(shown(host.admin("iam"), request_id)["PermissionPolicy"])
    assert policy["Statement"][0]["Resource"][0] == f"arn:aws:s3:::{wicked}"


def test_a_workflow_is_asked_for_once(host: Host, template: str) -> None:
    create(host, template)
    assert refusal(create, host=host, template=template)[:2] == (409, "EntityAlreadyExists")


def test_asking_can_be_limited(host: Host, template: str) -> None:
    only = {
        "StringEquals": {"iam:NotificationChannel": CHANNEL, "iam:DelegationDuration": "3600"},
        "ArnEquals": {"iam:TemplateArn": template},
    }
    asker = host.client(
        "iam", host.user("asker", allow("iam:CreateDelegationRequest", Condition=only), account=PARTNER)
    )
    parameters = {
        "Description": "d", "Permissions": {"PolicyTemplateArn": template, "Parameters": PARAMETERS},
        "RequestorWorkflowId": "workflow-9", "NotificationChannel": CHANNEL, "SessionDuration": 3600,
    }  # fmt: skip
    assert refusal(asker.create_delegation_request, **parameters | {"SessionDuration": 3601})[1] == "AccessDenied"
    assert asker.create_delegation_request(**parameters)["DelegationRequestId"]


def test_a_token_that_cannot_be_delivered_is_not_sent(host: Host, template: str) -> None:
    iam, request_id = host.admin("iam"), create(host, template)
    _do(iam, "associate", request_id)
    host.admin("s3", PARTNER).delete_bucket_policy(Bucket="partner-inbox")
    _do(iam, "accept", request_id)
    status, code, text = refusal(_do, iam=iam, step="send", request_id=request_id)
    assert (status, code) == (400, "InvalidInput")
    assert "could not be delivered" in text
    assert shown(iam, request_id)["State"] == "ACCEPTED"


def _do(iam: Any, step: str, request_id: str) -> Any:
    names = {"send": "send_delegation_token"}
    return getattr(iam, names.get(step, f"{step}_delegation_request"))(DelegationRequestId=request_id)
