"""Checks of role trust policies: that actions, principals and conditions belong together.

Source: IAM User Guide, "Creating a role for identity federation"; "Configuring a role for GitHub OIDC identity provider";
IAM Roles Anywhere User Guide, "Trust model".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.findings import MOST_SHOWN
from daypass.analysis.resource_checks import FIELDS
from daypass.policy.patterns import atoms, static_matcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.analysis.review import Review
    from daypass.analysis.statements import PrincipalUse, Statement

_GITHUB: Final = "token.actions.githubusercontent.com"
_SAML, _WEB, _PLAIN = "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:assumerole"
_SUITS: Final = {_SAML: "saml", _WEB: "oidc", _PLAIN: "other"}
_NEEDED: Final = {
    "sts:sourceidentity": ("sts:SetSourceIdentity", frozenset({"sts:setsourceidentity"})),
    "sts:transitivetagkeys": ("sts:TagSession", frozenset({"sts:tagsession"})),
}
"""Condition keys that only mean something together with an action of their own."""
_ANYWHERE: Final = (_PLAIN, "sts:setsourceidentity", "sts:tagsession")
_NARROWING: Final = ("sub", "repository", "repository_id", "repository_owner_id", "job_workflow_ref")


def check_trust(statement: Statement, review: Review) -> None:
    """One statement."""
    if not review.is_trust(statement):
        return
    if statement.resources.key is not None:
        review.report.add("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", statement.resources.key)
    _check_actions(statement, review)
    _check_needed_actions(statement, review)
    _check_sessions(statement, review)
    if statement.allows and not statement.principals.negated:
        _check_roles_anywhere(statement, review)
        for use in statement.names:
            if kind_of(use) == "oidc" and takes_in(statement, _WEB):
                _check_provider(use, statement, review)


def kind_of(use: PrincipalUse) -> str:
    """``saml``, ``oidc`` or ``other``."""
    if use.kind != "Federated":
        return "other"
    parts = use.name.split(":", FIELDS - 1)
    return "saml" if len(parts) == FIELDS and parts[5].startswith("saml-provider/") else "oidc"


def takes_in(statement: Statement, action: str) -> bool:
    """Whether a statement's actions take in ``action`` (given in lower case)."""
    fits = any(static_matcher(atoms(e.text.lower(), variables=False))(action) for e in statement.actions.entries)
    return fits != statement.actions.negated


def _check_actions(statement: Statement, review: Review) -> None:
    by_kind: dict[str, list[PrincipalUse]] = {"saml": [], "oidc": [], "other": []}
    for use in statement.names:
        if use.kind != "*":
            by_kind[kind_of(use)].append(use)
    for entry in statement.actions.entries:
        suiting = _SUITS.get(entry.text.lower())
        if suiting is None or statement.actions.negated:
            continue
        wrong = [use for kind, uses in by_kind.items() if kind != suiting for use in uses[:MOST_SHOWN]]
        if wrong:
            review.report.add(
                "MISMATCHED_ACTION_FOR_PRINCIPAL", entry, *(use.spot for use in wrong),
                actionName=entry.text, principalNames=[use.name for use in wrong],
            )  # fmt: skip


def _check_needed_actions(statement: Statement, review: Review) -> None:
    for use in statement.uses:
        shown, actions = _NEEDED.get(use.key, ("", frozenset()))
        if shown and use.base != "Null" and not any(takes_in(statement, action) for action in actions):
            review.report.add(
                "MISSING_ACTION_FOR_CONDITION_KEY", use.key_spot, actionName=shown, keyName=use.written_key
            )


def _check_roles_anywhere(statement: Statement, review: Review) -> None:
    spot = next((use.spot for use in statement.names if use.name == "rolesanywhere.amazonaws.com"), None)
    if spot is not None and not all(takes_in(statement, action) for action in _ANYWHERE):
        review.report.add("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", spot)


def _host(use: PrincipalUse) -> str:
    """A provider's URL without its scheme, as the condition keys have it."""
    parts = use.name.split(":", FIELDS - 1)
    return parts[5].removeprefix("oidc-provider/").lower() if len(parts) == FIELDS else use.name.lower()


def _check_provider(use: PrincipalUse, statement: Statement, review: Review) -> None:
    host = _host(use)
    claims = dict(_claims(statement, host))
    if not claims:
        review.report.add("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", use.spot)
    if host != _GITHUB:
        return
    if not any(claim in claims for claim in _NARROWING):
        review.report.add("MISSING_GITHUB_REPO_CONDITION_KEY", use.spot)
    for condition in statement.of_key(f"{_GITHUB}:sub"):
        for value in condition.values:
            if "Like" in condition.base and has_wildcard(value.text) and "ref" not in claims:
                review.report.add("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", value)


def _claims(statement: Statement, host: str) -> Iterator[tuple[str, bool]]:
    """The claims of a provider that a statement asks for."""
    for use in statement.uses:
        provider, _, claim = use.key.rpartition(":")
        if provider == host:
            yield claim, True


def _check_sessions(statement: Statement, review: Review) -> None:
    """A session beside the role that it is a session of."""
    roles = {use.name for use in statement.names if use.kind == "AWS" and ":role/" in use.name}
    by_name = {(name.split(":")[4], name.rpartition("/")[2]): name for name in roles}
    for use in statement.names:
        head, mark, tail = use.name.partition(":assumed-role/")
        parent = by_name.get((head.rpartition(":")[2], tail.partition("/")[0])) if mark else None
        if parent is not None:
            review.report.add(
                "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY",
                use.spot,
                redundant_principal=use.name,
                parent_role=parent,
            )
