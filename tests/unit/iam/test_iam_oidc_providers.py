"""IAM API Reference: CreateOpenIDConnectProvider ... UntagOpenIDConnectProvider, through boto3."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, document, make_host, refusal

from daypass.directory import OidcProvider, Put
from daypass.federation import Unreachable

URL = "https://idp.example.com/realms/a"
ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/realms/a"
THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"


@dataclass
class Shown:
    """What a provider's servers show."""

    asked: list[str] = field(default_factory=list)
    problem: bool = False

    async def thumbprints(self, issuer: str) -> tuple[str, ...]:
        self.asked.append(issuer)
        if self.problem:
            raise Unreachable("connection refused by 10.0.0.1")
        return ("b" * 40,)


@pytest.fixture
def shown(host: Host) -> Shown:
    servers = Shown()
    host.world.rooms = replace(host.world.rooms, federation=servers)  # type: ignore[arg-type]
    return servers


@pytest.fixture
def iam(host: Host, shown: Shown) -> Any:
    return host.admin("iam")


@pytest.fixture
def provider(iam: Any) -> str:
    made = iam.create_open_id_connect_provider(Url=URL, ClientIDList=["app"], ThumbprintList=[THUMBPRINT])
    return str(made["OpenIDConnectProviderArn"])


def test_a_provider_reads_as_it_was_made(iam: Any, provider: str, shown: Shown) -> None:
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    del read["ResponseMetadata"]
    assert read.pop("CreateDate").timestamp() == 1_800_000_000
    wanted = {"Url": "idp.example.com/realms/a", "ClientIDList": ["app"], "ThumbprintList": [THUMBPRINT], "Tags": []}
    assert (provider, read) == (ARN, wanted)
    assert shown.asked == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": ARN}]


def test_without_thumbprints_the_server_is_asked_for_its_certificates(iam: Any, shown: Shown) -> None:
    arn = iam.create_open_id_connect_provider(Url=URL)["OpenIDConnectProviderArn"]
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["ThumbprintList"], read["ClientIDList"], shown.asked) == (["b" * 40], [], [URL])


def test_a_server_that_does_not_answer_is_no_provider_without_thumbprints(iam: Any, host: Host, shown: Shown) -> None:
    shown.problem = True
    text = f"IAM cannot connect to the OpenID Connect identity provider URL {URL}"
    assert refusal(iam.create_open_id_connect_provider, Url=URL) == (400, "OpenIdIdpCommunicationError", text)
    assert b"connection refused by 10.0.0.1" in host.journal.lines[-1].partition(b"\t")[2]
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


@pytest.mark.parametrize(
    "url",
    ["https://a.example", "https://idp.example.com:8443", "https://idp.example.com:8443/a/b-c_d~e", "https://10.1.2.3", "https://[fd12::1]:8443/x",
     "https://localhost", "https://keycloak/realms/x", "https://keycloak:8443", "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "https://idp.example.com/"],
)  # fmt: skip
def test_issuers_on_private_networks_and_with_ports_are_taken(iam: Any, url: str) -> None:
    arn = iam.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url[8:]}"
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"] == url[8:]
    trust = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity",
             "Condition": {"StringEquals": {f"{url[8:]}:sub": "x"}}}  # fmt: skip
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(trust))


@pytest.mark.parametrize(
    "url",
    ["http://idp.example.com", "idp.example.com", "HTTPS://idp.example.com", "https://", "https:///x", "https://idp.example.com?a=b", "https://idp.example.com/#x",
     "https://user:pw@idp.example.com", "https://idp.example.com:0", "https://idp.example.com:70000", "https://idp.example.com:", "https://idp example.com",
     "https://idp.example.com/a b", "https://idp.exämple.com", "https://-idp", "https://aws", "https://sts", "https://*.example.com", "https://idp.example.com/*", "https://idp.example.com/\n", "ftp://x"],
)  # fmt: skip
def test_what_is_no_issuer_is_refused(iam: Any, url: str) -> None:
    told = refusal(iam.create_open_id_connect_provider, Url=url, ThumbprintList=[THUMBPRINT])
    assert told == (400, "ValidationError", "Invalid Open ID Connect Provider URL")


def test_a_url_is_registered_once_in_an_account(iam: Any, host: Host, provider: str) -> None:
    told = refusal(iam.create_open_id_connect_provider, Url=URL)
    assert told == (409, "EntityAlreadyExists", f"Provider with url {URL} already exists.")
    other = host.admin("iam", OTHER_ACCOUNT).create_open_id_connect_provider(Url=URL)["OpenIDConnectProviderArn"]
    assert other == ARN.replace(ACCOUNT, OTHER_ACCOUNT)
    assert refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=other)[1] == "NoSuchEntity"
    assert refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=other)[1] == "NoSuchEntity"


def test_this_servers_own_issuers_are_no_providers() -> None:
    host = make_host(sts_issuer_base_url="https://sts.example.org")
    iam = host.admin("iam")
    url = "https://sts.example.org/oidc/00000000-0000-4000-8000-000000000000"
    told = refusal(iam.create_open_id_connect_provider, Url=url, ThumbprintList=[THUMBPRINT])
    assert told[1:] == (
        "InvalidInput",
        "Creating an OIDC provider with an STS issuer URL from the same partition is not supported. Within a partition, use AssumeRole instead of web identity federation.",
    )


def test_thumbprints_are_replaced_as_a_list(iam: Any, provider: str) -> None:
    new = [THUMBPRINT.upper(), "0" * 40]
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=provider, ThumbprintList=new)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)["ThumbprintList"] == new
    many = [f"{number:040x}" for number in range(6)]
    too_many = (400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
    for call, named in (
        (iam.update_open_id_connect_provider_thumbprint, {"OpenIDConnectProviderArn": provider}),
        (iam.create_open_id_connect_provider, {"Url": "https://b.example"}),
    ):
        assert refusal(call, ThumbprintList=many, **named) == too_many
        assert refusal(call, ThumbprintList=["z" * 40], **named)[1] == "InvalidInput"
        code, text = refusal(call, ThumbprintList=["a" * 39], **named)[1:]
        assert (code, "thumbprintList" in text) == ("ValidationError", True)
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)


def test_client_ids_come_and_go_without_complaint(iam: Any, provider: str) -> None:
    for client_id in ("app", "second", "second"):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID=client_id)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)["ClientIDList"] == ["app", "second"]
    for client_id in ("app", "app", "never there"):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID=client_id)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)["ClientIDList"] == ["second"]


def test_a_provider_has_a_hundred_client_ids_at_most(iam: Any) -> None:
    ids = [f"c{number}" for number in range(100)]
    told = (409, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
    assert refusal(iam.create_open_id_connect_provider, Url=URL, ClientIDList=[*ids, "x"]) == told
    iam.create_open_id_connect_provider(Url=URL, ClientIDList=[*ids, "c1"])
    assert refusal(iam.add_client_id_to_open_id_connect_provider, OpenIDConnectProviderArn=ARN, ClientID="x") == told
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID="c7")


def test_an_account_has_a_hundred_providers_at_most(iam: Any) -> None:
    for number in range(100):
        iam.create_open_id_connect_provider(Url=f"https://{number}.example", ThumbprintList=[THUMBPRINT])
    told = (409, "LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
    assert refusal(iam.create_open_id_connect_provider, Url=URL) == told
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 100


def test_deleting_is_not_idempotent(iam: Any, provider: str) -> None:
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    gone = (404, "NoSuchEntity", f"OpenId connect Provider {provider} cannot be found.")
    assert refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=provider) == gone
    unknown = (404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {provider}")
    for call, more in (
        (iam.get_open_id_connect_provider, {}),
        (iam.update_open_id_connect_provider, {}),
        (iam.add_client_id_to_open_id_connect_provider, {"ClientID": "x"}),
        (iam.remove_client_id_from_open_id_connect_provider, {"ClientID": "x"}),
        (iam.update_open_id_connect_provider_thumbprint, {"ThumbprintList": [THUMBPRINT]}),
        (iam.tag_open_id_connect_provider, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (iam.untag_open_id_connect_provider, {"TagKeys": ["a"]}),
        (iam.list_open_id_connect_provider_tags, {}),
    ):
        assert refusal(call, OpenIDConnectProviderArn=provider, **more) == unknown


@pytest.mark.parametrize(
    "arn",
    [
        ARN.replace("oidc", "saml"),
        ARN.replace("aws:iam", "aws-cn:iam"),
        ARN + "/",
        ARN.removesuffix("/a"),
        ARN.replace("idp.", "IDP."),
    ],
)
def test_another_arn_is_another_provider(iam: Any, provider: str, arn: str) -> None:
    assert refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)[1] == "NoSuchEntity"


def test_what_is_no_arn_is_told_so(iam: Any) -> None:
    told = refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn="x" * 20)
    assert told == (400, "ValidationError", f"ARN {'x' * 20} is not valid.")


def test_tags_are_put_on_and_taken_off(iam: Any) -> None:
    tags = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]
    assert iam.create_open_id_connect_provider(Url=URL, Tags=tags)["Tags"] == tags
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=ARN, Tags=[{"Key": "a", "Value": "2"}, {"Key": "A", "Value": "3"}]
    )
    wanted = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}, {"Key": "A", "Value": "3"}]
    assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=ARN)["Tags"] == wanted
    first = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=ARN, MaxItems=2)
    assert (len(first["Tags"]), first["IsTruncated"]) == (2, True)
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=ARN, TagKeys=["a", "none"])
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["Tags"] == [wanted[0], wanted[2]]


def test_trusted_identity_propagation_is_refused_not_kept_without_effect(iam: Any, provider: str) -> None:
    context = {"SubjectSourceKey": "sub"}
    for call, named in (
        (iam.update_open_id_connect_provider, {"OpenIDConnectProviderArn": provider}),
        (iam.create_open_id_connect_provider, {"Url": "https://b.example"}),
    ):
        for setting in ({"ContextProvider": context}, {"IdentityCenterInstanceArn": "arn:aws:sso:::instance/x"}):
            status, code, text = refusal(call, **named, **setting)
            assert (status, code, "IAM Identity Center" in text) == (400, "InvalidInput", True)
        both = context | {"SubjectTypeValue": "user", "SubjectTypeSourceKey": "kind"}
        assert refusal(call, **named, ContextProvider=both)[2].endswith("but not both.")
    update = iam.update_open_id_connect_provider
    for new, value, remove in (
        ("ContextProvider", context, "RemoveContextProvider"),
        ("IdentityCenterInstanceArn", "arn:x", "RemoveIdentityCenterInstance"),
    ):
        told = refusal(update, OpenIDConnectProviderArn=provider, **{new: value, remove: True})
        assert told[2] == f"Specify either {new} or {remove}, but not both."
        update(OpenIDConnectProviderArn=provider, **{remove: True})


def test_every_operation_asks_for_its_own_permission_on_the_provider(host: Host, iam: Any, provider: str) -> None:
    key = host.user("ops", allow("iam:GetOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", resource=ARN))
    ops = host.client("iam", key)
    ops.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    ops.create_open_id_connect_provider(Url=URL)
    text = f"User: arn:aws:iam::{ACCOUNT}:user/ops is not authorized to perform: iam:{{}} on resource: {{}} because no identity-based policy allows the iam:{{}} action"

    def told(action: str, arn: str = ARN) -> tuple[int, str, str]:
        return 403, "AccessDenied", text.format(action, arn, action)

    assert refusal(ops.delete_open_id_connect_provider, OpenIDConnectProviderArn=ARN) == told(
        "DeleteOpenIDConnectProvider"
    )
    assert refusal(ops.list_open_id_connect_providers) == told(
        "ListOpenIDConnectProviders", f"arn:aws:iam::{ACCOUNT}:oidc-provider/"
    )
    assert refusal(ops.create_open_id_connect_provider, Url=URL, Tags=[{"Key": "a", "Value": "b"}]) == told(
        "TagOpenIDConnectProvider"
    )
    assert refusal(ops.create_open_id_connect_provider, Url="https://b.example")[1] == "AccessDenied"


def test_tags_are_condition_keys(host: Host, iam: Any) -> None:
    iam.create_open_id_connect_provider(Url=URL, Tags=[{"Key": "Team", "Value": "data"}])
    policy = allow("iam:DeleteOpenIDConnectProvider", Condition={"StringEquals": {"aws:ResourceTag/team": "data"}})
    host.client("iam", host.user("ops", policy)).delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)


def test_a_provider_that_was_made_meanwhile_is_not_made_twice(host: Host, iam: Any) -> None:
    """While the server is asked for its certificates, somebody else registers the same URL."""

    class Meanwhile(Shown):
        async def thumbprints(self, issuer: str) -> tuple[str, ...]:
            if not self.asked:
                found = await super().thumbprints(issuer)
                host.store.apply([Put(OidcProvider(ACCOUNT, "idp.example.com/realms/a", 1))])
                return found
            return await super().thumbprints(issuer)

    host.world.rooms = replace(host.world.rooms, federation=Meanwhile())  # type: ignore[arg-type]
    assert refusal(iam.create_open_id_connect_provider, Url=URL)[1] == "EntityAlreadyExists"
