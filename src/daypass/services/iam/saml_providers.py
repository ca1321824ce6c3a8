"""SAML identity providers (IAM API Reference; IAM User Guide, "Create a SAML identity provider in IAM").

Metadata is read when it is stored, so that no assertion has to wait for it; the text is shown as it was sent. A provider
that assertions may be encrypted for has up to two private keys, which no call ever shows again.
"""

from __future__ import annotations

from base64 import b32encode
from typing import TYPE_CHECKING, Final

import msgspec

from daypass.arns import Arn
from daypass.credentials import Secret
from daypass.directory import Delete, PrivateKey, Put, SamlProvider, all_of
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.federation.saml import UnusableKey, UnusableMetadata, check_private_key, read_metadata, writable
from daypass.services.iam import authorization, paging, tagging
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

MOST_PRIVATE_KEYS: Final = 2
_REQUIRED: Final = "Required"
_RESOURCE: Final = "saml-provider/"
_HUNDRED_YEARS: Final = 36_525 * 86_400
_PROPAGATION: Final = (
    "ContextProvider",
    "IdentityCenterInstanceArn",
    "RemoveContextProvider",
    "RemoveIdentityCenterInstance",
)

_NO_METADATA: Final = "Could not parse metadata"
_BAD_KEY: Final = "Invalid private key."
_NO_UPDATE: Final = "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
_NO_KEY: Final = "Unable to set assertion encryption mode to Required because no private key is provided."
_BOTH: Final = (
    "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
)
_LAST_KEY: Final = "Failed to remove private key."
_UNKNOWN_KEY: Final = "Failed to remove private key because the Key ID does not match a private key."
_TOO_MANY_KEYS: Final = f"Private key limit of {MOST_PRIVATE_KEYS} is reached."
_NO_IDENTITY_CENTER: Final = "Trusted identity propagation is not available: this server has no IAM Identity Center."


def _new(call: Call, _view: View) -> list[Ask]:
    return authorization.created(call, authorization.new_arn(call, "saml-provider", "Name"))


def _existing(call: Call, view: View) -> list[Ask]:
    found = _find(call, view)
    return [authorization.on_tagged(call, call.input["SAMLProviderArn"], () if found is None else found.tags)]


@iam("CreateSAMLProvider", needs=_new)
def create_saml_provider(call: Call, view: View) -> Result:
    """Begin to trust an identity provider, by its metadata."""
    name, text = call.input["Name"], call.input["SAMLMetadataDocument"]
    _refuse_propagation(call)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    if view.get(SamlProvider, call.account, name) is not None:
        raise ApiError("EntityAlreadyExists", f"SAML provider with name {name} already exists.")
    Quota.SAML_PROVIDERS.check(view.count(SamlProvider, call.account) + 1)
    made = SamlProvider(
        account=call.account,
        name=name,
        id=_new_id(call, "SAMLSP"),
        created=int(call.now),
        metadata="",
        tags=tags,
        encryption_mode=call.input.get("AssertionEncryptionMode", "Allowed"),
        private_keys=_added_key(call, ()),
    )
    made = _checked(_with_metadata(made, text, int(call.now)))
    return {"SAMLProviderArn": made.arn} | ({"Tags": tagging.shown(tags)} if tags else {}), [Put(made)]


@iam("GetSAMLProvider", needs=_existing)
def get_saml_provider(call: Call, view: View) -> Result:
    """Show a provider, its private keys by their ids alone."""
    found = _named(call, view)
    return {
        "SAMLProviderUUID": found.id,
        "SAMLMetadataDocument": found.metadata,
        "CreateDate": found.created,
        "ValidUntil": int(writable(found.valid_until)),
        "Tags": tagging.shown(found.tags),
        "AssertionEncryptionMode": found.encryption_mode,
        "PrivateKeyList": [{"KeyId": key.id, "Timestamp": key.added} for key in found.private_keys],
    }, []


@iam("ListSAMLProviders", needs=authorization.account_wide)
def list_saml_providers(call: Call, view: View) -> Result:
    """The providers of the account."""
    shown: list[Output] = [
        {"Arn": found.arn, "ValidUntil": int(writable(found.valid_until)), "CreateDate": found.created}
        for found in all_of(SamlProvider, view, call.account)
    ]
    return {"SAMLProviderList": shown}, []


@iam("UpdateSAMLProvider", needs=_existing)
def update_saml_provider(call: Call, view: View) -> Result:
    """Replace the metadata, or change how assertions are encrypted. Both take effect with the next assertion."""
    found = _named(call, view)
    _refuse_propagation(call)
    text, removed = call.input.get("SAMLMetadataDocument"), call.input.get("RemovePrivateKey")
    mode = call.input.get("AssertionEncryptionMode")
    if text is None and mode is None and removed is None and "AddPrivateKey" not in call.input:
        raise ApiError("InvalidInput", _NO_UPDATE)
    if removed is not None and "AddPrivateKey" in call.input:
        raise ApiError("InvalidInput", _BOTH)
    keys = _added_key(call, found.private_keys)
    if removed is not None:
        keys = tuple(key for key in keys if key.id != removed)
        if len(keys) == len(found.private_keys):
            raise ApiError("InvalidInput", _UNKNOWN_KEY)
    changed = msgspec.structs.replace(found, encryption_mode=mode or found.encryption_mode, private_keys=keys)
    if text is not None:
        changed = _with_metadata(changed, text, int(call.now))
    return {"SAMLProviderArn": found.arn}, [Put(_checked(changed, removing=removed is not None and mode is None))]


@iam("DeleteSAMLProvider", needs=_existing)
def delete_saml_provider(call: Call, view: View) -> Result:
    """Stop trusting a provider. Roles that name it stay as they are, and nobody opens them by it any more."""
    return {}, [Delete(_named(call, view).key)]


@iam("TagSAMLProvider", needs=_existing)
def tag_saml_provider(call: Call, view: View) -> Result:
    """Put tags on. Keys are told apart by case."""
    found = _named(call, view)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tagging.merged(found.tags, new, ignoring_case=False)))]


@iam("UntagSAMLProvider", needs=_existing)
def untag_saml_provider(call: Call, view: View) -> Result:
    """Take tags off."""
    found = _named(call, view)
    tags = tagging.without(found.tags, call.input["TagKeys"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tags))]


@iam("ListSAMLProviderTags", needs=_existing)
def list_saml_provider_tags(call: Call, view: View) -> Result:
    """The tags, by key."""
    page, end = paging.paged_in_order(call, tagging.shown(tuple(sorted(_named(call, view).tags))))
    return {"Tags": page, **end}, []


def _find(call: Call, view: View) -> SamlProvider | None:
    """The provider of the caller's account that the call names by ARN. Raises ValidationError for what is no ARN."""
    text = call.input["SAMLProviderArn"]
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"ARN {text} is not valid.") from None
    found = view.get(SamlProvider, call.account, arn.resource.removeprefix(_RESOURCE))
    return found if found is not None and found.arn == text else None


def _named(call: Call, view: View) -> SamlProvider:
    found = _find(call, view)
    if found is None:
        raise ApiError("NoSuchEntity", f"Manifest not found for arn {call.input['SAMLProviderArn']}")
    return found


def _with_metadata(provider: SamlProvider, text: str, now: int) -> SamlProvider:
    """The provider with a metadata document. Raises InvalidInput, LimitExceeded."""
    try:
        read = read_metadata(text)
    except UnusableMetadata as problem:
        raise ApiError("InvalidInput", _NO_METADATA, reason=f"SAML metadata: {problem}") from None
    Quota.KEYS_PER_SAML_PROVIDER.check(len(read.signing_keys))
    return msgspec.structs.replace(
        provider,
        metadata=text,
        entity_id=read.entity_id,
        signing_keys=read.signing_keys,
        valid_until=now + _HUNDRED_YEARS if read.valid_until is None else read.valid_until,
    )


def _added_key(call: Call, keys: tuple[PrivateKey, ...]) -> tuple[PrivateKey, ...]:
    """The keys with the one that the call adds. Raises InvalidInput, LimitExceeded."""
    pem = call.input.get("AddPrivateKey")
    if pem is None:
        return keys
    try:
        check_private_key(pem)
    except UnusableKey as problem:
        raise ApiError("InvalidInput", _BAD_KEY, reason=f"AddPrivateKey is {problem}") from None
    if len(keys) >= MOST_PRIVATE_KEYS:
        raise ApiError("LimitExceeded", _TOO_MANY_KEYS)
    return (*keys, PrivateKey(_new_id(call, "SAMLPK"), Secret(pem), int(call.now)))


def _checked(provider: SamlProvider, *, removing: bool = False) -> SamlProvider:
    """The provider, if it can decrypt what it requires to be encrypted. Raises InvalidInput."""
    if provider.encryption_mode == _REQUIRED and not provider.private_keys:
        raise ApiError("InvalidInput", _LAST_KEY if removing else _NO_KEY)
    return provider


def _new_id(call: Call, prefix: str) -> str:
    """Such as ``SAMLSP`` and 16 characters: the form of AWS's own, which stand in addresses."""
    return prefix + b32encode(call.mint.random(10)).decode()


def _refuse_propagation(call: Call) -> None:
    """Nothing is ignored: a provider that somebody believes to propagate identities must not silently do without."""
    if any(name in call.input for name in _PROPAGATION):
        raise ApiError("InvalidInput", _NO_IDENTITY_CENTER)
