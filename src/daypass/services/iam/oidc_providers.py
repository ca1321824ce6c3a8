"""OpenID Connect identity providers (IAM API Reference: CreateOpenIDConnectProvider... UntagOpenIDConnectProvider).

The provider's URL may have a port here, for issuers on private networks have one. Trusted identity propagation needs IAM
Identity Center, which this server does not have: what only goes with it is refused, never kept without effect.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daypass.arns import PARTITION, Arn, iam_arn
from daypass.directory import Delete, OidcProvider, Put, all_of
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.federation import ProviderProblem
from daypass.services.iam import authorization, paging, tagging
from daypass.services.iam.operations import iam
from daypass.services.issuer_documents import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.directory import View
    from daypass.services.registry import Call, Result, Rooms

KIND: Final = "oidc-provider"
MOST_THUMBPRINTS: Final = 5

_URL: Final = re.compile(
    r"https://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?P<port>:[1-9][0-9]{0,4})?(?P<path>/[A-Za-z0-9._~!$&'()+,;=:@%/-]*)?"
)
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")
_LARGEST_PORT: Final = 65535
_OWN_ISSUER: Final = (
    "Creating an OIDC provider with an STS issuer URL from the same partition is not supported. "
    "Within a partition, use AssumeRole instead of web identity federation."
)
_NO_IDENTITY_CENTER: Final = (
    "Trusted identity propagation needs an IAM Identity Center instance, and this server has none: {} cannot be set."
)


def _new(call: Call, _view: View) -> list[Ask]:
    return authorization.created(call, iam_arn(call.account, KIND, "/", call.input["Url"].removeprefix("https://")))


def _existing(call: Call, view: View) -> list[Ask]:
    found = _find(call, view)
    tags = () if found is None else found.tags
    return [authorization.on_tagged(call, call.input["OpenIDConnectProviderArn"], tags)]


def _listed(call: Call, _view: View) -> list[Ask]:
    return [authorization.on_tagged(call, iam_arn(call.account, KIND, "/", ""), ())]


@iam.with_rooms("CreateOpenIDConnectProvider", needs=_new)
async def create_open_id_connect_provider(call: Call, view: View, rooms: Rooms) -> Result:
    """Trust a provider. Where no thumbprint is given, its server is asked for its certificates."""
    url: str = call.input["Url"]
    _check_url(call, url)
    _check_propagation(call)
    client_ids = tuple(dict.fromkeys(call.input.get("ClientIDList", ())))
    Quota.CLIENT_IDS_PER_OIDC_PROVIDER.check(len(client_ids))
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    name = url.removeprefix("https://")
    if view.get(OidcProvider, call.account, name) is not None:
        raise ApiError("EntityAlreadyExists", f"Provider with url {url} already exists.")
    Quota.OIDC_PROVIDERS.check(view.count(OidcProvider, call.account) + 1)
    thumbprints = _thumbprints(call.input.get("ThumbprintList", ()))
    if not thumbprints:
        thumbprints = await _fetched_thumbprints(url, rooms)
    made = OidcProvider(call.account, name, int(call.now), client_ids, thumbprints, tags)
    output: dict[str, Any] = {"OpenIDConnectProviderArn": made.arn}
    return output | ({"Tags": tagging.shown(tags)} if tags else {}), [Put(made)]


@iam("GetOpenIDConnectProvider", needs=_existing)
def get_open_id_connect_provider(call: Call, view: View) -> Result:
    """Show a provider."""
    found = _named(call, view)
    return {
        "Url": found.url,
        "ClientIDList": list(found.client_ids),
        "ThumbprintList": list(found.thumbprints),
        "CreateDate": found.created,
        "Tags": tagging.shown(found.tags),
    }, []


@iam("ListOpenIDConnectProviders", needs=_listed)
def list_open_id_connect_providers(call: Call, view: View) -> Result:
    """All providers of the account. This listing has no pages."""
    return {"OpenIDConnectProviderList": [{"Arn": one.arn} for one in all_of(OidcProvider, view, call.account)]}, []


@iam("DeleteOpenIDConnectProvider", needs=_existing)
def delete_open_id_connect_provider(call: Call, view: View) -> Result:
    """Trust a provider no longer. Roles that name it keep the name; sessions that it opened live on."""
    found = _find(call, view)
    if found is None:
        arn = call.input["OpenIDConnectProviderArn"]
        raise ApiError("NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.")
    return {}, [Delete(found.key)]


@iam("UpdateOpenIDConnectProvider", needs=_existing)
def update_open_id_connect_provider(call: Call, view: View) -> Result:
    """Change what only trusted identity propagation uses: here there is nothing to set, and nothing to remove."""
    _named(call, view)
    for new, remove in (
        ("ContextProvider", "RemoveContextProvider"),
        ("IdentityCenterInstanceArn", "RemoveIdentityCenterInstance"),
    ):
        if new in call.input and call.input.get(remove):
            raise ApiError("InvalidInput", f"Specify either {new} or {remove}, but not both.")
    _check_propagation(call)
    return {}, []


@iam("UpdateOpenIDConnectProviderThumbprint", needs=_existing)
def update_open_id_connect_provider_thumbprint(call: Call, view: View) -> Result:
    """Replace the list of thumbprints."""
    found = _named(call, view)
    thumbprints = _thumbprints(call.input["ThumbprintList"])
    return {}, [Put(msgspec.structs.replace(found, thumbprints=thumbprints))]


@iam("AddClientIDToOpenIDConnectProvider", needs=_existing)
def add_client_id_to_open_id_connect_provider(call: Call, view: View) -> Result:
    """Take tokens for one more client. One that is known already is no fault."""
    found = _named(call, view)
    client_ids = tuple(dict.fromkeys((*found.client_ids, call.input["ClientID"])))
    Quota.CLIENT_IDS_PER_OIDC_PROVIDER.check(len(client_ids))
    return {}, [Put(msgspec.structs.replace(found, client_ids=client_ids))]


@iam("RemoveClientIDFromOpenIDConnectProvider", needs=_existing)
def remove_client_id_from_open_id_connect_provider(call: Call, view: View) -> Result:
    """Take tokens for a client no longer. One that is not known is no fault."""
    found = _named(call, view)
    client_ids = tuple(one for one in found.client_ids if one != call.input["ClientID"])
    return {}, [Put(msgspec.structs.replace(found, client_ids=client_ids))]


@iam("TagOpenIDConnectProvider", needs=_existing)
def tag_open_id_connect_provider(call: Call, view: View) -> Result:
    """Put tags on. Keys are told apart by case."""
    found = _named(call, view)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tagging.merged(found.tags, new, ignoring_case=False)))]


@iam("UntagOpenIDConnectProvider", needs=_existing)
def untag_open_id_connect_provider(call: Call, view: View) -> Result:
    """Take tags off."""
    found = _named(call, view)
    tags = tagging.without(found.tags, call.input["TagKeys"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tags))]


@iam("ListOpenIDConnectProviderTags", needs=_existing)
def list_open_id_connect_provider_tags(call: Call, view: View) -> Result:
    """The tags."""
    page, end = paging.paged_in_order(call, tagging.shown(_named(call, view).tags))
    return {"Tags": page, **end}, []


def _find(call: Call, view: View) -> OidcProvider | None:
    """The provider that the call names by ARN, in the caller's account. Raises ValidationError for what is no ARN."""
    text: str = call.input["OpenIDConnectProviderArn"]
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"ARN {text} is not valid.") from None
    kind, _, url = arn.resource.partition("/")
    if (arn.partition, arn.service, arn.region, arn.account, kind) != (PARTITION, "iam", "", call.account, KIND):
        return None
    return view.get(OidcProvider, call.account, url)


def _named(call: Call, view: View) -> OidcProvider:
    found = _find(call, view)
    if found is None:
        arn = call.input["OpenIDConnectProviderArn"]
        raise ApiError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    return found


def _check_url(call: Call, url: str) -> None:
    """An issuer: https, a host, perhaps port and path, nothing else.

    A bare name without a point would be a prefix of condition keys that services have already: ``aws``, ``sts``.
    """
    parts = _URL.fullmatch(url)
    port = 0 if parts is None or parts["port"] is None else int(parts["port"][1:])
    bare = (
        parts is not None and "." not in url and parts["host"] != "localhost" and not (parts["port"] or parts["path"])
    )
    if parts is None or port > _LARGEST_PORT or bare:
        raise ApiError("ValidationError", "Invalid Open ID Connect Provider URL")
    own = call.settings.sts_issuer_base_url
    if own and url.startswith(own + PREFIX.decode()):
        raise ApiError("InvalidInput", _OWN_ISSUER)


def _check_propagation(call: Call) -> None:
    """Raise InvalidInput for settings of trusted identity propagation, first for those that are wrong anyway."""
    provider = call.input.get("ContextProvider")
    if provider is not None and "SubjectTypeValue" in provider and "SubjectTypeSourceKey" in provider:
        raise ApiError("InvalidInput", "Specify either SubjectTypeValue or SubjectTypeSourceKey, but not both.")
    for name in ("ContextProvider", "IdentityCenterInstanceArn"):
        if name in call.input:
            raise ApiError("InvalidInput", _NO_IDENTITY_CENTER.format(name))


def _thumbprints(given: Iterable[str]) -> tuple[str, ...]:
    thumbprints = tuple(given)
    if len(thumbprints) > MOST_THUMBPRINTS:
        raise ApiError("InvalidInput", f"Thumbprint list must contain fewer than {MOST_THUMBPRINTS} entries.")
    if not all(_THUMBPRINT.fullmatch(one) for one in thumbprints):
        raise ApiError("InvalidInput", "A thumbprint must have 40 hexadecimal digits.")
    return thumbprints


async def _fetched_thumbprints(url: str, rooms: Rooms) -> tuple[str, ...]:
    try:
        return await rooms.federation.thumbprints(url)
    except ProviderProblem as problem:
        text = f"IAM cannot connect to the OpenID Connect identity provider URL {url}"
        raise ApiError("OpenIdIdpCommunicationError", text, reason=problem.reason) from None
