"""`kill -9` of the whole server, in the middle of writing: nothing that was answered is lost, nothing is half there."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

sys.path.append(str(Path(__file__).resolve().parents[1] / "clients"))

from clientkit import Clients, Server, allow, free_port, launch

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)


def kill_all(server: Server) -> None:
    """SIGKILL for the supervisor and every worker, the workers first."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for pid in (*map(int, children), server.process.pid):
        os.kill(pid, signal.SIGKILL)
    server.process.wait(timeout=10)


class Writer(threading.Thread):
    """Makes roles with a policy, keys and objects until the server is gone; remembers what was answered."""

    def __init__(self, admin: Clients, number: int) -> None:
        super().__init__()
        self.number = number
        self.iam, self.s3 = admin.iam, admin.s3
        self.roles: list[str] = []
        self.policies: list[str] = []
        self.objects: dict[str, bytes] = {}

    def run(self) -> None:
        count = 0
        try:
            while True:
                count += 1
                name = f"w{self.number}-{count}"
                self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
                self.roles.append(name)
                self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow("s3:GetObject"))
                self.policies.append(name)
                body = os.urandom(100 if count % 2 else 100_000)
                self.s3.put_object(Bucket="kept", Key=name, Body=body)
                self.objects[name] = body
        except (BotoCoreError, ClientError):
            return


@pytest.mark.parametrize("seconds", [1.0, 2.3])
def test_nothing_that_was_answered_is_lost(tmp_path: Path, seconds: float) -> None:
    server = launch(tmp_path / "data", "--workers", "2", port=free_port())
    admin = Clients(server.url, server.credentials())
    admin.s3.create_bucket(Bucket="kept")
    writers = [Writer(admin, number) for number in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    kill_all(server)
    for writer in writers:
        writer.join(timeout=60)
        assert not writer.is_alive()

    again = launch(server.data, "--workers", "2")
    try:
        admin = Clients(again.url, again.credentials())
        answered = sum(len(writer.objects) for writer in writers)
        assert answered > 10
        for writer in writers:
            check(admin, writer)
        events = recorded(admin, "CreateRole")
        assert {name for writer in writers for name in writer.roles} <= events
    finally:
        assert again.stop() == 0


def check(admin: Clients, writer: Writer) -> None:
    for name in writer.roles:
        assert admin.iam.get_role(RoleName=name)["Role"]["RoleName"] == name
    for name in writer.policies:
        document = admin.iam.get_role_policy(RoleName=name, PolicyName="p")["PolicyDocument"]
        assert document == json.loads(allow("s3:GetObject"))
    listed = {item["Key"] for item in admin.s3.list_objects_v2(Bucket="kept").get("Contents", ())}
    for name, body in writer.objects.items():
        assert name in listed
        assert admin.s3.get_object(Bucket="kept", Key=name)["Body"].read() == body
    for name in listed:  # what was not answered is whole, or not there
        found = admin.s3.get_object(Bucket="kept", Key=name)
        assert len(found["Body"].read()) == found["ContentLength"]


def recorded(admin: Clients, name: str) -> set[str]:
    """The roles that the trail saw made."""
    pages = admin.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )
    records: list[dict[str, Any]] = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
    return {record["requestParameters"]["roleName"] for record in records if record.get("requestParameters")}
