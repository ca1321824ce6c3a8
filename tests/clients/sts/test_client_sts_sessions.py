"""STS at a real server with two workers: what the tests in one process cannot show.

Each operation once as a client uses it; what ends a session, asked of both workers at once; enforcement at S3, on both
sides of an account's border; the answer's own headers.
"""

from __future__ import annotations

import base64
import hmac
import json
import struct
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError
from botocore.session import get_session
from clientkit import Clients, Credentials, Server, allow, make_user, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VOICES = 4
"""Connections that ask at once; a server of two workers answers them with both."""


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "OK"


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(VOICES) as pool:
        yield pool


class Crowd:
    """Several clients with one set of credentials, each with a connection of its own, all of them used at once."""

    def __init__(self, clients: Clients, pool: ThreadPoolExecutor, service: str = "sts", call: str = "get_caller_identity") -> None:  # fmt: skip
        self._calls = [getattr(clients.client(service), call) for _ in range(VOICES)]
        self._pool = pool

    def answers(self, **parameters: Any) -> set[str]:
        return set(self._pool.map(lambda call: code_of(call, **parameters), self._calls * 3))


# Each operation, as a client uses it


def test_every_operation_answers_a_client(account: Clients, unique: str) -> None:
    number = account.account
    user = make_user(account, unique, allow("sts:*"))
    trust = trusting({"AWS": user.arn}, "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trust)["Role"]
    sts = user.clients.sts
    answer = sts.assume_role(
        RoleArn=role["Arn"], RoleSessionName="dev", DurationSeconds=900, Policy=allow("s3:*"), ExternalId="ext",
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}], Tags=[{"Key": "a", "Value": "b"}],
        TransitiveTagKeys=["a"], SourceIdentity="me", MinimumSessionTokenSize=2000,
    )  # fmt: skip
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:dev"
    assert answer["SourceIdentity"] == "me"
    assert answer["SessionTokenSize"] >= 2000
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 895 < left <= 900
    assert sts.get_session_token()["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert sts.get_federation_token(Name="Bob")["FederatedUser"]["FederatedUserId"] == f"{number}:Bob"
    assert sts.get_caller_identity()["Arn"] == user.arn
    assert sts.get_access_key_info(AccessKeyId=answer["Credentials"]["AccessKeyId"])["Account"] == number


def test_an_answer_carries_the_date_and_one_request_id(admin: Clients) -> None:
    """SDKs correct their clocks by Date."""
    answer = admin.sts.get_caller_identity()["ResponseMetadata"]
    headers = answer["HTTPHeaders"]
    assert headers["x-amzn-requestid"] == answer["RequestId"]
    assert abs(parsedate_to_datetime(headers["date"]).timestamp() - time.time()) < 5
    assert headers["content-type"] == "text/xml"


def test_the_model_s_exceptions_are_raised_by_their_names(account: Clients, unique: str) -> None:
    user = make_user(account, unique)
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"]["Arn"]
    sts = user.clients.sts
    with pytest.raises(sts.exceptions.MalformedPolicyDocumentException):
        sts.assume_role(RoleArn=role, RoleSessionName="dev", Policy="{")
    account.iam.update_assume_role_policy(RoleName=unique, PolicyDocument=trusting({"AWS": user.arn}, "sts:AssumeRole", "sts:TagSession"))  # fmt: skip
    far = [chr(0x4E00 + number * 4999 % 20000) for number in range(50 * 256)]
    tags = [{"Key": f"key{number}", "Value": "".join(far[number * 256 :][:256])} for number in range(50)]
    with pytest.raises(sts.exceptions.PackedPolicyTooLargeException):
        sts.assume_role(RoleArn=role, RoleSessionName="dev", Tags=tags)


def test_a_presigned_call_works_without_a_client(server: Server, account: Clients) -> None:
    url = account.sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert f"<Account>{account.account}</Account>" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("GetCallerIdentity", "GetSessionToken"), timeout=10)
    assert refused.value.code == 403
    refused.value.close()


def test_the_assume_role_provider_of_the_sdk_takes_the_role(account: Clients, unique: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A profile with role_arn and source_profile, as every SDK and CLI reads it."""
    user = make_user(account, unique)
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"]["Arn"]
    keys = user.clients.credentials
    config = tmp_path / "config"
    config.write_text(
        f"[profile base]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        f"[profile dev]\nrole_arn = {role}\nsource_profile = base\nrole_session_name = work\nregion = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
    session = boto3.Session(profile_name="dev")
    assert session.client("sts").get_caller_identity()["Arn"].endswith(f":assumed-role/{unique}/work")


def test_a_client_that_refreshes_its_session_goes_on(start_server: Callable[..., Server]) -> None:
    """sts.minimum_duration lets a test see a session expire."""
    server = start_server(sts_minimum_duration="1")
    admin = Clients(server.url, server.credentials())
    short = admin.client("sts", parameter_validation=False)
    made = 0

    def fresh() -> dict[str, str]:
        nonlocal made
        made += 1
        keys = short.get_session_token(DurationSeconds=4)["Credentials"]
        return {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"],
                "token": keys["SessionToken"], "expiry_time": keys["Expiration"].isoformat()}  # fmt: skip

    core = get_session()
    core._credentials = RefreshableCredentials.create_from_metadata(fresh(), fresh, "test", advisory_timeout=2, mandatory_timeout=1)  # fmt: skip
    client = boto3.Session(botocore_session=core, region_name="us-east-1").client("sts", endpoint_url=server.url)
    end = time.monotonic() + 30
    while made < 3 and time.monotonic() < end:
        client.get_caller_identity()
        time.sleep(0.1)
    assert made == 3
    expired = admin.with_credentials(Credentials.of(short.get_session_token(DurationSeconds=1)["Credentials"]))
    time.sleep(1.1)
    assert code_of(expired.sts.get_caller_identity) == "ExpiredToken"


# B12: the next request, in every worker


def test_b12_a_deleted_role_s_session_is_refused_by_every_worker(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    user = make_user(account, unique)
    for number in range(5):
        name = f"{unique}-{number}"
        role = account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"][
            "Arn"
        ]
        session = Crowd(user.clients.assume(role), crowd)
        assert session.answers() == {"OK"}
        account.iam.delete_role(RoleName=name)
        assert session.answers() == {"InvalidClientTokenId"}


def test_b12_a_deleted_user_s_sessions_are_refused_by_every_worker(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    for number in range(4):
        user = make_user(account, f"{unique}-{number}")
        session = user.clients.with_credentials(Credentials.of(user.clients.sts.get_session_token()["Credentials"]))
        both = Crowd(user.clients, crowd), Crowd(session, crowd)
        assert [one.answers() for one in both] == [{"OK"}, {"OK"}]
        account.iam.delete_access_key(UserName=user.name, AccessKeyId=user.clients.credentials.access_key_id)
        account.iam.delete_user(UserName=user.name)
        assert [one.answers() for one in both] == [{"InvalidClientTokenId"}] * 2


def test_b12_a_key_is_off_and_on_in_every_worker_and_its_sessions_live_on(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    user = make_user(account, unique)
    key = user.clients.credentials.access_key_id
    session = user.clients.with_credentials(Credentials.of(user.clients.sts.get_session_token()["Credentials"]))
    with_key, with_session = Crowd(user.clients, crowd), Crowd(session, crowd)
    for _ in range(5):
        account.iam.update_access_key(UserName=unique, AccessKeyId=key, Status="Inactive")
        assert with_key.answers() == {"InvalidClientTokenId"}
        assert with_session.answers() == {"OK"}
        account.iam.update_access_key(UserName=unique, AccessKeyId=key, Status="Active")
        assert with_key.answers() == {"OK"}


def test_b12_revoked_sessions_are_denied_by_every_worker(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    user = make_user(account, unique)
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"]["Arn"]
    account.iam.put_role_policy(RoleName=unique, PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    session = Crowd(user.clients.assume(role), crowd, "iam", "list_users")
    assert session.answers() == {"OK"}
    time.sleep(1.1)
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    revoked = {
        "Effect": "Deny",
        "Action": ["*"],
        "Resource": ["*"],
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [revoked]})
    account.iam.put_role_policy(RoleName=unique, PolicyName="AWSRevokeOlderSessions", PolicyDocument=document)
    assert session.answers() == {"AccessDenied"}
    assert Crowd(user.clients.assume(role), crowd, "iam", "list_users").answers() == {"OK"}


def test_b12_a_changed_policy_counts_in_every_worker(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:
    user = make_user(account, unique)
    calls = Crowd(user.clients, crowd, "iam", "list_users")
    for _ in range(10):
        account.iam.put_user_policy(UserName=unique, PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
        assert calls.answers() == {"OK"}
        account.iam.delete_user_policy(UserName=unique, PolicyName="p")
        assert calls.answers() == {"AccessDenied"}


def test_f17_no_call_is_allowed_after_its_refusal_was_committed(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    """Readers never stop; what begins after the deny was answered is denied, what was allowed began before."""
    user = make_user(account, unique, allow("iam:ListUsers"))
    stop, denied_from = threading.Event(), [float("inf")]
    seen: list[tuple[float, str]] = []
    calls = [user.clients.client("iam").list_users for _ in range(VOICES)]

    def read(call: Callable[..., Any]) -> None:
        while not stop.is_set():
            began = time.monotonic()
            seen.append((began, code_of(call)))

    readers = [crowd.submit(read, call) for call in calls]
    time.sleep(0.3)
    account.iam.delete_user_policy(UserName=unique, PolicyName="inline")
    denied_from[0] = time.monotonic()
    time.sleep(0.3)
    stop.set()
    for reader in readers:
        reader.result()
    assert {code for _, code in seen} == {"OK", "AccessDenied"}
    assert {code for began, code in seen if began >= denied_from[0]} == {"AccessDenied"}


def test_a_totp_code_is_taken_once_by_all_workers_together(account: Clients, unique: str, crowd: ThreadPoolExecutor) -> None:  # fmt: skip
    user, device = with_device(account, unique)
    code = totp(device["Base32StringSeed"], time.time() + 30)
    calls = [user.client("sts").get_session_token for _ in range(VOICES)]
    given = {"SerialNumber": device["SerialNumber"], "TokenCode": code}
    codes = sorted(crowd.map(lambda call: code_of(call, **given), calls))
    assert codes == ["AccessDenied"] * (VOICES - 1) + ["OK"]


def with_device(account: Clients, name: str) -> tuple[Clients, dict[str, Any]]:
    user = make_user(account, name)
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    now = time.time()
    codes = [totp(device["Base32StringSeed"], now + shift) for shift in (-30, 0)]
    account.iam.enable_mfa_device(UserName=name, SerialNumber=device["SerialNumber"], AuthenticationCode1=codes[0], AuthenticationCode2=codes[1])  # fmt: skip
    return user.clients, dict(device)


def totp(seed: bytes, now: float) -> str:
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", int(now // 30)), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


# What a grant in a bucket policy is worth to a session


@pytest.fixture
def bucket(account: Clients, unique: str) -> str:
    account.s3.create_bucket(Bucket=unique)
    account.s3.put_object(Bucket=unique, Key="q3", Body=b"numbers")
    return unique


def grant(account: Clients, bucket: str, principal: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}  # fmt: skip
    account.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_a_session_policy_limits_a_grant_to_the_role_and_not_one_to_the_session(account: Clients, bucket: str) -> None:
    number = account.account
    user = make_user(account, bucket)
    role = account.iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"]["Arn"]
    narrow = user.clients.assume(role, "s1", Policy=allow("sts:*")).s3
    wide = user.clients.assume(role, "s2").s3
    grant(account, bucket, role)
    assert code_of(narrow.get_object, Bucket=bucket, Key="q3") == "AccessDenied"
    assert code_of(wide.get_object, Bucket=bucket, Key="q3") == "OK"
    grant(account, bucket, f"arn:aws:sts::{number}:assumed-role/{bucket}/s1")
    assert code_of(narrow.get_object, Bucket=bucket, Key="q3") == "OK"
    assert code_of(wide.get_object, Bucket=bucket, Key="q3") == "AccessDenied"


def test_a_role_of_another_account_needs_both_sides(account: Clients, admin: Clients, bucket: str) -> None:
    user = make_user(admin, bucket)
    role = admin.iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=trusting({"AWS": user.arn}))["Role"]["Arn"]
    session = user.clients.assume(role).s3
    grant(account, bucket, role)
    assert code_of(session.get_object, Bucket=bucket, Key="q3") == "AccessDenied"
    admin.iam.put_role_policy(RoleName=bucket, PolicyName="p", PolicyDocument=allow("s3:GetObject"))
    assert code_of(session.get_object, Bucket=bucket, Key="q3") == "OK"
    account.s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(session.get_object, Bucket=bucket, Key="q3") == "AccessDenied"


def test_f16_a_bucket_policy_is_bound_to_the_role_that_was(account: Clients, bucket: str) -> None:
    user = make_user(account, bucket)
    trust = trusting({"AWS": user.arn})
    role = account.iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    grant(account, bucket, role)
    assert code_of(user.clients.assume(role).s3.get_object, Bucket=bucket, Key="q3") == "OK"
    account.iam.delete_role(RoleName=bucket)
    account.iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=trust)
    assert code_of(user.clients.assume(role).s3.get_object, Bucket=bucket, Key="q3") == "AccessDenied"


def test_a_federated_user_reads_what_session_policy_or_bucket_policy_gives(account: Clients, bucket: str) -> None:
    sts = account.sts

    def bob(**policy: str) -> Any:
        answer = sts.get_federation_token(Name="Bob", **policy)
        return account.with_credentials(Credentials.of(answer["Credentials"])).s3

    assert code_of(bob().get_object, Bucket=bucket, Key="q3") == "AccessDenied"
    assert code_of(bob(Policy=allow("s3:GetObject")).get_object, Bucket=bucket, Key="q3") == "OK"
    grant(account, bucket, f"arn:aws:sts::{account.account}:federated-user/Bob")
    assert code_of(bob().get_object, Bucket=bucket, Key="q3") == "OK"


def test_b6_tokens_of_two_sessions_are_not_exchanged_at_s3(account: Clients, bucket: str) -> None:
    user = make_user(account, bucket, allow("s3:*"))
    one, two = (Credentials.of(user.clients.sts.get_session_token()["Credentials"]) for _ in range(2))
    mixed = Credentials(one.access_key_id, one.secret_access_key, two.session_token)
    bare = Credentials(one.access_key_id, one.secret_access_key)
    told = {name: code_of(account.with_credentials(keys).s3.list_buckets) for name, keys in (("mixed", mixed), ("bare", bare), ("own", one))}  # fmt: skip
    assert told == {"mixed": "InvalidToken", "bare": "InvalidAccessKeyId", "own": "OK"}


def test_b11_a_token_of_another_server_is_refused(account: Clients, start_server: Callable[..., Server]) -> None:
    """Even one of the same account with the same key ids."""
    other = start_server("--account-id", account.account)
    foreign = Clients(other.url, other.credentials())
    answer = Credentials.of(foreign.sts.get_session_token()["Credentials"])
    assert code_of(account.with_credentials(answer).sts.get_caller_identity) == "InvalidClientTokenId"


def test_b16_a_setting_ends_chains(start_server: Callable[..., Server]) -> None:
    server = start_server(sts_max_chain_age="3")
    admin = Clients(server.url, server.credentials())
    number = admin.account
    trust = trusting({"AWS": f"arn:aws:iam::{number}:root"})
    role = admin.iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    admin.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow("sts:AssumeRole"))
    session = admin.assume(role).assume(role)
    time.sleep(3.1)
    assert code_of(session.sts.assume_role, RoleArn=role, RoleSessionName="dev") == "AccessDenied"
    admin.assume(role)


def test_sessions_live_on_over_a_restart(start_server: Callable[..., Server]) -> None:
    server = start_server()
    admin = Clients(server.url, server.credentials())
    session = Credentials.of(admin.sts.get_session_token()["Credentials"])
    assert server.stop() == 0
    again = start_server(data=server.data)
    clients = Clients(again.url, session)
    assert clients.sts.get_caller_identity()["Arn"].endswith(":user/admin")
