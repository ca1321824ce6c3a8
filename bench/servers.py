"""The servers that are measured: how each is started and furnished.

All get the same scene: a user with ten policy statements who may assume a role, the role with a trust policy that names
the user and ten statements of its own, sessions of it, a bucket with small objects and a large one. All keep their data
in a fresh folder of the same disk, and check signatures and policies; SeaweedFS and moto as far as they do.
"""

from __future__ import annotations

import configparser
import json
import sys
from pathlib import Path
from typing import Any, Protocol
from urllib.request import Request, urlopen

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from issuer import AUDIENCE, SUBJECT, Issuer
from loads import BIG, BUCKET, KIB, OBJECTS, REGION, SESSIONS, VARIANTS, WEB_IDENTITY, Keys, Load, Scene
from processes import Process, ServerProblem, free_ports

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PEERS = HERE.parent / ".bench-venv" / "bin"
ACCOUNT = "111122223333"
ROLE = "bench-role"
USER = "bench-caller"


class Server(Protocol):
    """A server to measure."""

    name: str
    process: Process
    missing: dict[str, str]
    """What a note says of a load that the server does not do as the others do."""
    keeps: bool
    """Whether it still has the scene when it is started again."""
    more: tuple[Load, ...]
    """What only this server is asked."""

    def furnish(self) -> Scene:
        """Make the scene, on the running server."""
        ...

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        ...

    @property
    def first(self) -> Keys:
        """The keys that work before anything is furnished."""
        ...


def policy(*, more: str, resource: str) -> str:
    """Ten statements, the last of which is the one that matters."""
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "sqs:*", f"kms:Describe{number}*"],
            "Resource": f"arn:aws:sqs:*:{ACCOUNT}:queue-{number}-*",
        }
        for number in range(8)
    ]
    statements.append(
        {
            "Effect": "Deny",
            "Action": ["iam:*", "s3:DeleteBucket", "sts:GetFederationToken"],
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"]}},
        }
    )
    statements.append({"Effect": "Allow", "Action": more.split(), "Resource": resource})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust(principal: str, *actions: str) -> str:
    """A trust policy."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def client(service: str, endpoint: str, keys: Keys) -> Any:
    """A botocore client; it is used to furnish, never to measure."""
    return botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=keys.id,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(read_timeout=120, s3={"addressing_style": "path"}),
    )


def fill(endpoint: str, keys: Keys) -> None:
    """The bucket, and what is in it."""
    s3 = client("s3", endpoint, keys)
    s3.create_bucket(Bucket=BUCKET)
    for number in range(OBJECTS):
        s3.put_object(Bucket=BUCKET, Key=f"small-{number}", Body=KIB)
    s3.put_object(Bucket=BUCKET, Key="big", Body=bytes(BIG))


def furnish_iam(endpoint: str, admin: Keys, account: str) -> tuple[Keys, str]:
    """The user and the role, by IAM's own calls. The user's key and the role's ARN."""
    iam = client("iam", endpoint, admin)
    user = iam.create_user(UserName=USER)["User"]["Arn"]
    role_arn = f"arn:aws:iam::{account}:role/{ROLE}"
    allowed = policy(more="sts:AssumeRole sts:TagSession", resource=role_arn)
    iam.put_user_policy(UserName=USER, PolicyName="ten", PolicyDocument=allowed)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust(user, "sts:AssumeRole", "sts:TagSession"))
    reach = policy(more="s3:GetObject s3:PutObject", resource=f"arn:aws:s3:::{BUCKET}/*")
    iam.put_role_policy(RoleName=ROLE, PolicyName="ten", PolicyDocument=reach)
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"]), role_arn


def sessions(endpoint: str, caller: Keys, role_arn: str) -> list[Keys]:
    """Sessions of the role."""
    sts = client("sts", endpoint, caller)
    made = (sts.assume_role(RoleArn=role_arn, RoleSessionName=f"caller-{n}")["Credentials"] for n in range(SESSIONS))
    return [Keys(one["AccessKeyId"], one["SecretAccessKey"], one["SessionToken"]) for one in made]


class Daypass:
    """One worker, everything at its defaults: the audit is on, objects are synced before the answer."""

    name = "Daypass"
    keeps = True
    more: tuple[Load, ...] = (WEB_IDENTITY,)

    def __init__(self, folder: Path) -> None:
        self.missing: dict[str, str] = {}
        self._data = folder / "daypass"
        (port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{port}"
        flags = ["--data", str(self._data), "--port", str(port), "--workers", "1", "--account-id", ACCOUNT]
        variables = {"DAYPASS_FEDERATION_ALLOW_NETWORKS": "127.0.0.0/8"}
        self.process = Process([str(BIN / "daypass"), "serve", *flags], folder / "daypass.log", variables)
        self._issuer = Issuer(folder)

    @property
    def first(self) -> Keys:
        parser = configparser.RawConfigParser()
        parser.read(self._data / "credentials")
        if not parser.has_section("admin"):
            return Keys("AKIANOTYET", "none")
        return Keys(parser["admin"]["aws_access_key_id"], parser["admin"]["aws_secret_access_key"])

    def furnish(self) -> Scene:
        caller, role_arn = furnish_iam(self.endpoint, self.first, ACCOUNT)
        fill(self.endpoint, self.first)
        tokens = tuple(self._issuer.token(number) for number in range(VARIANTS))
        made = sessions(self.endpoint, caller, role_arn)
        return Scene(self.endpoint, caller, role_arn, made, self._furnish_web(), tokens)

    def _furnish_web(self) -> str:
        """A role for the bearers of the issuer's tokens."""
        iam = client("iam", self.endpoint, self.first)
        url, thumbprint = self._issuer.url, self._issuer.thumbprint
        made = iam.create_open_id_connect_provider(Url=url, ClientIDList=[AUDIENCE], ThumbprintList=[thumbprint])
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": made["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{url[8:]}:sub": SUBJECT, f"{url[8:]}:aud": AUDIENCE}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_role(RoleName="bench-web", AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])


class Nginx:
    """The floor: one worker: a body that stands in its configuration, files of 1 KiB and 64 MiB; no checks, no log."""

    name = "nginx"
    keeps = True
    more: tuple[Load, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.missing: dict[str, str] = {}
        (port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{port}"
        self.first = Keys("AKIAFLOOR", "floor")
        self._www = folder / "www"
        bucket = self._www / BUCKET
        bucket.mkdir(parents=True)
        bucket.joinpath("big").write_bytes(bytes(BIG))
        for number in range(OBJECTS):
            bucket.joinpath(f"small-{number}").write_bytes(KIB)
        configuration = folder / "nginx.conf"
        configuration.write_text(self._configuration(folder, port))
        command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", str(folder / "nginx.log")]
        self.process = Process(command, folder / "nginx.out")

    def _configuration(self, folder: Path, port: int) -> str:
        return f"""
            daemon off;
            worker_processes 1;
            pid {folder / "nginx.pid"};
            {"user root;" if Path("/proc/self").stat().st_uid == 0 else ""}
            events {{ worker_connections 1024; }}
            http {{
                access_log off;
                client_body_temp_path {folder / "nginx-body"};
                proxy_temp_path {folder / "nginx-proxy"};
                fastcgi_temp_path {folder / "nginx-fastcgi"};
                uwsgi_temp_path {folder / "nginx-uwsgi"};
                scgi_temp_path {folder / "nginx-scgi"};
                keepalive_requests 100000000;
                keepalive_timeout 75s;
                sendfile on;
                tcp_nodelay on;
                server {{
                    listen 127.0.0.1:{port};
                    root {self._www};
                    location = / {{ return 200; }}
                    location = /{BUCKET}/fixed {{ return 200 "{"x" * len(KIB)}"; }}
                }}
            }}
        """

    def furnish(self) -> Scene:
        return Scene(self.endpoint, self.first, f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", [self.first] * SESSIONS)


class SeaweedFS:
    """``weed server`` with S3 and its own IAM configuration. Its master, volume server and filer are in one process."""

    name = "SeaweedFS"
    keeps = True
    more: tuple[Load, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.missing = {"AssumeRole, policy and 3 tags": "tags are ignored"}
        data = folder / "weed"
        data.mkdir()
        s3, master, volume, filer = free_ports(4)
        self.endpoint = f"http://127.0.0.1:{s3}"
        self.first = Keys("AKIABENCHCALLER00001", "benchsecretbenchsecretbenchsecret000001")
        self._role_arn = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
        self._write_configuration(folder)
        self.process = Process(
            [
                str(PEERS / "weed"),
                *("server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}"),
                *(f"-volume.port={volume}", "-volume.max=20", f"-filer.port={filer}", "-master.telemetry=false"),
                *("-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", f"-s3.iam.config={folder / 'iam.json'}"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            ],
            folder / "weed.log",
        )

    def _write_configuration(self, folder: Path) -> None:
        caller = {
            "name": USER,
            "credentials": [{"accessKey": self.first.id, "secretKey": self.first.secret}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        reach = policy(more="s3:GetObject s3:PutObject", resource=f"arn:aws:s3:::{BUCKET}/*")
        role = {
            "roleName": ROLE,
            "roleArn": self._role_arn,
            "trustPolicy": json.loads(trust("*", "sts:AssumeRole")),
            "attachedPolicies": ["ten"],
        }
        advanced = {
            "sts": {
                "tokenDuration": "1h",
                "maxSessionLength": "12h",
                "issuer": "bench",
                "signingKey": "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtMzI=",
                "accountId": ACCOUNT,
            },
            "policy": {"defaultEffect": "Deny", "storeType": "memory"},
            "roles": [role],
            "policies": [{"name": "ten", "document": json.loads(reach)}],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [caller]}))
        (folder / "iam.json").write_text(json.dumps(advanced))

    def furnish(self) -> Scene:
        fill(self.endpoint, self.first)
        return Scene(self.endpoint, self.first, self._role_arn, sessions(self.endpoint, self.first, self._role_arn))


class Moto:
    """moto's server. Once it is furnished, it is told to check signatures and policies from now on."""

    name = "moto"
    keeps = False
    more: tuple[Load, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.missing: dict[str, str] = {}
        (port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{port}"
        self.first = Keys("AKIABENCHADMIN000001", "benchsecretbenchsecretbenchsecret000001")
        command = [str(PEERS / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
        self.process = Process(command, folder / "moto.log", {"MOTO_ACCOUNT_ID": ACCOUNT})

    def furnish(self) -> Scene:
        caller, role_arn = furnish_iam(self.endpoint, self.first, ACCOUNT)
        fill(self.endpoint, self.first)
        made = sessions(self.endpoint, caller, role_arn)
        close = Request(f"{self.endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST")
        with urlopen(close):
            return Scene(self.endpoint, caller, role_arn, made)


def furnished(server: Server) -> Scene:
    """The scene of a running server. Raises ServerProblem where it does not take it."""
    try:
        return server.furnish()
    except (BotoCoreError, ClientError) as error:
        raise ServerProblem(f"{server.name} could not be furnished: {error}") from error
