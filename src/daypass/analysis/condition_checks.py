"""Checks of condition keys: that they exist, and that their operator and qualifier suit them.

Source: IAM User Guide, "AWS global condition context keys", "Single-valued vs. multivalued context keys", "Condition
operators"; Service Authorization Reference for the keys of services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard, split_action
from daypass.analysis.findings import MOST_SHOWN
from daypass.policy.conditions import FOR_ALL, FOR_ANY, NEGATED

if TYPE_CHECKING:
    from daypass.analysis.knowledge import ConditionKey
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement, Use

_FAMILIES: Final = {"Numeric": "Numeric", "Date": "Date", "Bool": "Bool", "Binary": "Binary", "Arn": "ARN"}
_SUITS: Final = {
    "String": frozenset({"String", "ARN"}),
    "ARN": frozenset({"String", "ARN"}),
    "Bool": frozenset({"Bool"}),
    "Numeric": frozenset({"Numeric"}),
    "Date": frozenset({"Date"}),
    "IPAddress": frozenset({"IPAddress"}),
    "Binary": frozenset({"Binary"}),
}
"""Type of a key -> families of operators that compare it. A text may hold an ARN, and an ARN is a text."""
_SHOWN: Final = {"Bool": "Boolean", "IPAddress": "IP Address"}
_TAG_KEYS: Final = ("aws:requesttag", "aws:resourcetag", "aws:principaltag")
_UNTRUSTWORTHY: Final = frozenset({"aws:referer", "aws:useragent"})
_PAIRS: Final = {
    "aws:vpcsourceip": ("aws:SourceVpc", frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"}))
}
_IRRELEVANT_TO_S3: Final = frozenset({"s3:resourceaccount"})
_OF_SESSIONS: Final = frozenset(
    {
        "codebuild:buildarn",
        "codebuild:projectarn",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    }
)
"""Keys that a service's sessions carry to whatever action they call."""
_EITHER: Final = frozenset({"aws:epochtime", "aws:currenttime"})


def check_conditions(statement: Statement, review: Review) -> None:
    """Each key under each operator, and what the keys of a statement have to do with its actions and one another."""
    for use in statement.uses:
        known = _check_key(use, review)
        if known is not None:
            _check_type(use, known, review)
            _check_number(use, known, statement, review)
        _check_qualifier(use, review)
        if use.key in _UNTRUSTWORTHY:
            review.report.add("UNTRUSTWORTHY_CONDITION_KEY", use.key_spot, key=use.written_key)
        attached = review.subject.attached
        if attached is not None and attached.service == "s3" and use.key in _IRRELEVANT_TO_S3:
            review.report.add(
                "IRRELEVANT_CONDITION_KEY_IN_POLICY",
                use.key_spot,
                condition_key=use.written_key,
                resource_type=attached.shown,
            )
    _check_pairs(statement, review)
    _check_actions(statement, review)
    _check_s3_prefix(statement, review)
    _check_dynamodb(statement, review)


def _check_key(use: Use, review: Review) -> ConditionKey | None:
    """Tell of a key that does not exist; what is known of one that does."""
    prefix, colon, name = use.written_key.partition(":")
    if not colon or not prefix or not name:
        review.report.add("INVALID_CONDITION_KEY_FORMAT", use.key_spot)
        return None
    known = review.knowledge.condition_key(use.written_key)
    if known is not None and use.key.rstrip("/") not in _TAG_KEYS:
        return known
    if prefix.lower() == "aws":
        _tell_global(use, review)
    elif name.lower().rstrip("/") in ("resourcetag", "requesttag", "existingobjecttag", "requestobjecttag"):
        review.report.add("MISSING_TAG_KEY_IN_CONDITION", use.key_spot, conditionKeyName=_with_slash(use.written_key))
    elif prefix.lower() in review.knowledge.catalog.services():
        review.report.add("INVALID_SERVICE_CONDITION_KEY", use.key_spot, key=use.written_key, service=prefix)
    elif "." not in prefix and prefix.lower() != "saml":  # an identity provider's keys begin with its host
        review.report.add("INVALID_SERVICE", use.key_spot, service=prefix)
    return None


def _tell_global(use: Use, review: Review) -> None:
    if use.key == "aws:arn":
        review.report.add("UNSUPPORTED_GLOBAL_CONDITION_KEY", use.key_spot)
    elif use.key.rstrip("/") in _TAG_KEYS:
        review.report.add("MISSING_TAG_KEY_IN_CONDITION", use.key_spot, conditionKeyName=_with_slash(use.written_key))
    else:
        review.report.add("INVALID_GLOBAL_CONDITION_KEY", use.key_spot, key=use.written_key)


def _with_slash(key: str) -> str:
    return key if key.endswith("/") else f"{key}/"


def family_of(base: str) -> str:
    """The type of values that an operator compares, in the words of the reference's types."""
    if base.removeprefix("Not") == "IpAddress":
        return "IPAddress"
    return next((family for begin, family in _FAMILIES.items() if base.startswith(begin)), "String")


def _check_type(use: Use, known: ConditionKey, review: Review) -> None:
    if use.operator is None or use.base == "Null":
        return
    kind, family = known.type.removeprefix("ArrayOf"), family_of(use.base)
    if use.key in _EITHER and family in ("Date", "Numeric"):
        return
    if family not in _SUITS.get(kind, {family}):
        allowed = _SHOWN.get(kind, kind)
        review.report.add(
            "TYPE_MISMATCH", use.operator_spot, use.key_spot,
            allowed=allowed, operator=use.written_operator, key=use.written_key,
        )  # fmt: skip
    elif kind == "ARN" and use.base in ("StringLike", "StringNotLike"):
        allowed = use.base.replace("String", "Arn")
        review.report.add(
            "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", use.operator_spot, use.key_spot,
            allowed=allowed, operator=use.base, key=use.written_key,
        )  # fmt: skip


def _check_number(use: Use, known: ConditionKey, statement: Statement, review: Review) -> None:
    """One value or many: a qualifier belongs to the second."""
    operator = use.operator
    if operator is None or operator.base == "Null":
        return
    if known.multivalued and operator.qualifier is None:
        review.report.add("MISSING_QUALIFIER", use.operator_spot, use.key_spot, key=use.written_key)
    elif not known.multivalued and operator.qualifier == FOR_ALL and statement.allows and not _is_audience(use):
        review.report.add("FORALLVALUES_WITH_SINGLE_VALUED_KEY", use.operator_spot, use.key_spot, key=use.written_key)


def _check_qualifier(use: Use, review: Review) -> None:
    operator = use.operator
    if operator is None or operator.qualifier is None:
        return
    if operator.base == "Null":
        review.report.add("NULL_WITH_QUALIFIER", use.operator_spot)
    elif _is_audience(use) and operator.qualifier == FOR_ANY:
        review.report.add("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", use.operator_spot, use.key_spot, key=use.written_key)
    elif _is_audience(use):
        review.report.add(
            "CONFIRM_AUDIENCE_CLAIM_TYPE", use.operator_spot, use.key_spot, key=use.written_key, audienceType="audience"
        )


def _is_audience(use: Use) -> bool:
    host, _, claim = use.key.rpartition(":")
    return claim == "aud" and ("." in host or host == "saml")


def _check_pairs(statement: Statement, review: Review) -> None:
    keys = statement.keys()
    for use in statement.uses:
        recommended, either = _PAIRS.get(use.key, ("", keys))
        if not keys & either:
            review.report.add(
                "MISSING_PAIRED_CONDITION_KEYS",
                use.key_spot,
                conditionKeyName=use.written_key,
                recommendedKeys=recommended,
            )


def _check_actions(statement: Statement, review: Review) -> None:
    """Keys that listed actions do not have. Actions with wildcards, and global keys, are not looked at here."""
    entries: list[tuple[Spot, frozenset[str]]] = []
    for use in statement.uses:
        if use.key.startswith("aws:") or use.key in _OF_SESSIONS or use.base == "Null":
            continue
        key = review.knowledge.key_to_compare(use.written_key)
        if key is None:
            continue
        entries = entries or _plain_actions(statement, review)
        wrong = [entry for entry, supported in entries if key not in supported]
        if wrong:
            review.report.add(
                "UNSUPPORTED_ACTION_FOR_CONDITION_KEY", *wrong[:MOST_SHOWN], use.value_spot,
                actions=[entry.text for entry in wrong], key=use.written_key,
            )  # fmt: skip


def _plain_actions(statement: Statement, review: Review) -> list[tuple[Spot, frozenset[str]]]:
    """Entries that name one action that exists, and the keys that it supplies."""
    found = []
    for entry in () if statement.actions.negated else statement.actions.entries:
        parts = split_action(entry.text)
        if parts is not None and not has_wildcard(entry.text):
            found += [(entry, review.knowledge.supported_keys(parts[0], a)) for a in review.knowledge.matching(*parts)]
    return found


def _check_s3_prefix(statement: Statement, review: Review) -> None:
    for use in statement.of_key("s3:prefix"):
        negated = use.base in NEGATED
        if use.base.startswith("String") and (statement.denies != negated) and statement.effect:
            review.report.add("S3_PREFIX_IN_NEGATIVE_CONTEXT", use.key_spot)


def _check_dynamodb(statement: Statement, review: Review) -> None:
    selects = any(
        value.text == "SPECIFIC_ATTRIBUTES" for use in statement.of_key("dynamodb:select") for value in use.values
    )
    for use in statement.of_key("dynamodb:attributes"):
        if statement.allows and not selects and use.base != "Null":
            review.report.add("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", use.key_spot)
