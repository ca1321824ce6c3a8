"""Access Analyzer as a service: who may ask, what a token is worth, what is refused and recorded. In one process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from signkit import Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, allow, deny, long_term, make_host, refusal, trusting

if TYPE_CHECKING:
    from worldkit import Host

    from daypass.request import Request

POLICY = json.dumps({"Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:ListBuckets", "Resource": "*"}})
ASKED = {"policyDocument": POLICY, "policyType": "IDENTITY_POLICY"}
PATH = "/policy/validation"


@pytest.fixture
def host() -> Host:
    return make_host()


def sent(host: Host, body: str = json.dumps(ASKED), service: str = "access-analyzer", **bent: Any) -> Request:
    credentials = long_term(host.accounts[ACCOUNT].admin) | bent.pop("credentials", {})
    headers = {"content-type": "application/json"}
    return Signer(credentials, host.now, service, headers=headers, **bent).header(body, PATH)


def refused(host: Host, request: Request) -> tuple[int, str, str]:
    answer = host.ask(request)
    return answer.status, answer.headers["x-amzn-errortype"], json.loads(answer.body)["message"]


def test_a_session_may_what_its_role_and_its_session_policy_allow(host: Host) -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    role = host.role("checker", trusting(root), allow("access-analyzer:ValidatePolicy"))
    admin = long_term(host.accounts[ACCOUNT].admin)
    session = host.client("accessanalyzer", host.assume(admin, role))
    assert session.validate_policy(**ASKED)["findings"]
    narrowed = host.client("accessanalyzer", host.assume(admin, role, Policy=deny("access-analyzer:*")))
    status, code, text = refusal(narrowed.validate_policy, **ASKED)
    assert (status, code) == (403, "AccessDeniedException")
    assert text.endswith("with an explicit deny in a session policy")


def test_another_region_is_named_in_the_refusal(host: Host) -> None:
    client = host.client("accessanalyzer", host.user("bob"), region="eu-west-1")
    _, _, text = refusal(client.validate_policy, **ASKED)
    assert f"on resource: arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:* because" in text
    assert host.journal.records[-1]["awsRegion"] == "eu-west-1"


def test_a_token_is_worth_nothing_in_another_account_or_for_another_question(host: Host) -> None:
    token = host.admin("accessanalyzer").validate_policy(**ASKED, maxResults=1)["nextToken"]
    invalid = (400, "ValidationException", "Invalid nextToken.")
    other = host.admin("accessanalyzer", OTHER_ACCOUNT)
    assert refusal(other.validate_policy, **ASKED, nextToken=token) == invalid
    mine = host.admin("accessanalyzer")
    changed = ASKED | {"policyType": "SERVICE_CONTROL_POLICY"}
    assert refusal(mine.validate_policy, **changed, nextToken=token) == invalid
    for bad in ("x", "", "é", token[:-4] + "AAAA"):
        if bad:
            assert refusal(mine.validate_policy, **ASKED, nextToken=bad) == invalid
    assert mine.validate_policy(**ASKED, nextToken=token)["findings"]


def test_an_unsigned_call_is_refused_as_the_services_of_this_protocol_do(host: Host) -> None:
    request = sent(host)
    request.headers = [(name, value) for name, value in request.headers if name != b"authorization"]
    assert refused(host, request) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def test_a_signature_or_key_that_is_wrong_is_refused_by_its_json_name(host: Host) -> None:
    request = sent(host)
    request.body = request.body.replace(b"ListBuckets", b"ListBucketz")
    status, code, _ = refused(host, request)
    assert (status, code) == (403, "InvalidSignatureException")
    unknown = sent(host, credentials={"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})
    assert refused(host, unknown) == (
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_a_signature_for_another_path_does_not_hold(host: Host) -> None:
    request = sent(host)
    request.raw_path = b"/policy/check-no-new-access"
    status, code, _ = refused(host, request)
    assert (status, code) == (403, "InvalidSignatureException")


def test_the_record_has_the_parameters_and_reads_only(host: Host) -> None:
    host.admin("accessanalyzer").validate_policy(**ASKED, maxResults=5)
    record = host.journal.records[-1]
    assert (record["eventSource"], record["eventName"], record["readOnly"]) == (
        "access-analyzer.amazonaws.com",
        "ValidatePolicy",
        True,
    )
    assert record["requestParameters"] == ASKED | {"maxResults": 5}
    assert record["responseElements"] is None


def test_what_is_no_operation_is_refused_and_recorded(host: Host) -> None:
    request = sent(host)
    request.raw_path = b"/nothing"
    answer = host.ask(request)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert host.journal.records[-1]["eventName"] == "UnknownOperation"
    status, code, text = refusal(host.admin("accessanalyzer").list_analyzers)
    assert (status, code, text) == (501, "NotImplemented", "ListAnalyzers is not implemented by this server.")
