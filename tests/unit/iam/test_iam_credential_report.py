"""The credential report, and what an account asks of services that are AWS's alone."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, START, Host, make_host, refusal

from daypass.services.iam.credential_report import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE = "2027-01-15T08:00:00+00:00"


@pytest.fixture
def host() -> Iterator[Host]:
    made = make_host()
    yield made
    made.close()


@pytest.fixture
def iam(host: Host) -> Any:
    return host.admin("iam")


def rows(iam: Any) -> dict[str, dict[str, str]]:
    answer = iam.get_credential_report()
    assert answer["ReportFormat"] == "text/csv"
    table = list(csv.DictReader(io.StringIO(answer["Content"].decode())))
    assert list(table[0]) == COLUMNS
    assert len(COLUMNS) == 22
    return {row["user"]: row for row in table}


def test_a_report_tells_the_state_of_every_users_credentials(host: Host, iam: Any) -> None:
    key = host.user("bob")["AccessKeyId"]
    iam.create_login_profile(UserName="bob", Password="Correct-Horse-7")
    iam.update_account_password_policy(MaxPasswordAge=1)
    second = iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="bob", AccessKeyId=max(key, second), Status="Inactive")
    iam.create_user(UserName="eve")
    host.device("eve")
    iam.generate_credential_report()
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = rows(iam)
    assert list(report) == ["<root_account>", "admin", "bob", "eve"]
    assert START == 1_800_000_000
    root, bob, eve = report["<root_account>"], report["bob"], report["eve"]
    assert (root["arn"], root["password_enabled"], root["access_key_1_active"]) == (f"arn:aws:iam::{ACCOUNT}:root", "not_supported", "true")  # fmt: skip
    assert (bob["password_enabled"], bob["password_last_used"], bob["password_last_changed"]) == ("true", "no_information", MADE)  # fmt: skip
    assert bob["password_next_rotation"] == MADE.replace("15T", "16T")
    assert (bob["access_key_1_active"], bob["access_key_2_active"], bob["access_key_2_last_rotated"]) == ("true", "false", MADE)  # fmt: skip
    assert (bob["mfa_active"], eve["mfa_active"]) == ("false", "true")
    assert (eve["password_enabled"], eve["password_last_changed"], eve["access_key_1_active"], eve["access_key_1_last_rotated"]) == ("false", "N/A", "false", "N/A")  # fmt: skip


def test_a_report_counts_for_four_hours(host: Host, iam: Any) -> None:
    assert refusal(iam.get_credential_report)[:2] == (410, "ReportNotPresent")
    started = iam.generate_credential_report()
    assert (started["State"], started["Description"]) == ("STARTED", "No report exists. Starting a new report generation task")  # fmt: skip
    iam.create_user(UserName="late")
    host.at(4 * 3600 - 1)
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert "late" not in rows(iam)
    host.at(1)
    assert refusal(iam.get_credential_report)[:2] == (410, "ReportExpired")
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert "late" in rows(iam)


def test_what_belongs_to_aws_alone_is_empty_and_refused_by_name(iam: Any) -> None:
    assert iam.get_account_properties()["Properties"] == {}
    told = refusal(iam.put_account_properties, Properties={"Some/Thing": "true"})
    assert told == (400, "InvalidInput", "The account property Some/Thing does not exist.")
    assert refusal(iam.put_account_properties, Properties={"A/x": "1", "B/y": "1"})[1] == "InvalidInput"
    template = "arn:aws:iam::aws:role-template/ec2.amazonaws.com/T:1"
    gone = (404, "NoSuchEntity", f"Role template {template} does not exist.")
    assert refusal(iam.get_role_template_version, TemplateArn=template) == gone
    assert refusal(iam.acquire_role, TemplateArn=template) == gone
