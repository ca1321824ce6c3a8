"""A tree to statements, with a finding for everything that is no policy language (IAM User Guide, "Grammar").

Reading goes on after each fault: what is wrong is told and left out, what is right around it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.json_tree import Kind
from daypass.analysis.places import Spot
from daypass.analysis.statements import Document, Element, PrincipalUse, Statement, Use
from daypass.policy.conditions import FOR_ALL, FOR_ANY, operator_named

if TYPE_CHECKING:
    from daypass.analysis.findings import Report
    from daypass.analysis.json_tree import Node
    from daypass.analysis.subject import Subject

VERSIONS: Final = ("2008-10-17", "2012-10-17")
PRINCIPAL_KEYS: Final = frozenset({"AWS", "CanonicalUser", "Federated", "Service"})
_POLICY: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_TEXTS: Final = "String or String Array"
_SCALARS: Final = frozenset({Kind.STRING, Kind.NUMBER, Kind.BOOLEAN})


def read_document(text: str, tree: Node, subject: Subject, report: Report) -> Document:
    """The policy that a tree stands for."""
    root = Spot(tree)
    document = Document(text, root)
    if root.kind is not Kind.OBJECT:
        report.add("DATA_TYPE_MISMATCH", root, data_type="Object")
        return document
    statement: Spot | None = None
    for name, value in root.members():
        match name.text:
            case "Version":
                document.version = _version(value, report)
            case "Id":
                _text(value, report)
            case "Statement":
                statement = value
            case element:
                report.add("INVALID_POLICY_ELEMENT", name, element=element)
    if not any(name.text == "Version" for name in root.names()):
        report.add("MISSING_VERSION", root)
    document.statements = _statements(root, statement, subject, report)
    return document


def _version(value: Spot, report: Report) -> Spot | None:
    if _text(value, report) is None:
        return None
    if value.text not in VERSIONS:
        report.add("INVALID_VERSION", value, version=value.text, versions=VERSIONS)
    return value


def _text(value: Spot, report: Report) -> Spot | None:
    """A value that must be a string."""
    if value.kind is Kind.STRING:
        return value
    report.add("DATA_TYPE_MISMATCH", value, data_type="String")
    return None


def _statements(root: Spot, value: Spot | None, subject: Subject, report: Report) -> tuple[Statement, ...]:
    if value is None or (value.kind is Kind.ARRAY and not value.node.items):
        report.add("MISSING_STATEMENT", value or root)
        return ()
    if value.kind not in (Kind.ARRAY, Kind.OBJECT):
        report.add("DATA_TYPE_MISMATCH", value, data_type="Object or Object Array")
        return ()
    found = []
    for spot in value.items():
        if spot.kind is Kind.OBJECT:
            found.append(_statement(spot, subject, report))
        else:
            report.add("DATA_TYPE_MISMATCH", spot, data_type="Object")
    return tuple(found)


def _statement(spot: Spot, subject: Subject, report: Report) -> Statement:
    elements: dict[str, tuple[Spot, Spot]] = {}
    for name, value in spot.members():
        if name.text in _STATEMENT:
            elements[name.text] = (name, value)
        else:
            report.add("INVALID_POLICY_ELEMENT", name, element=name.text)
    statement = Statement(spot)
    statement.effect = _effect(spot, elements, report)
    statement.sid = _text(elements["Sid"][1], report) if "Sid" in elements else None
    statement.actions = _texts("Action", elements, report)
    statement.resources = _texts("Resource", elements, report)
    statement.principals = _one_of("Principal", elements, report)
    if statement.principals.value is not None:
        statement.names = _names(statement.principals.value, report)
    if "Condition" in elements:
        statement.condition = elements["Condition"][1]
        statement.uses = _uses(statement.condition, report)
    _tell_missing(statement, subject, report)
    return statement


def _effect(spot: Spot, elements: dict[str, tuple[Spot, Spot]], report: Report) -> str | None:
    if "Effect" not in elements:
        report.add("MISSING_EFFECT", spot)
        return None
    value = _text(elements["Effect"][1], report)
    if value is not None and value.text not in ("Allow", "Deny"):
        report.add("INVALID_EFFECT", value, effect=value.text)
        return None
    return value.text if value else None


def _one_of(name: str, elements: dict[str, tuple[Spot, Spot]], report: Report) -> Element:
    """An element or its Not form. Where both stand, the plain one is read on."""
    forms = [elements[form] for form in (name, f"Not{name}") if form in elements]
    if len(forms) == 2:
        report.add("UNSUPPORTED_ELEMENT_COMBINATION", forms[0][0], forms[1][0], element1=name, element2=f"Not{name}")
    if not forms:
        return Element()
    key, value = forms[0]
    return Element(key, value, negated=key.text != name)


def _texts(name: str, elements: dict[str, tuple[Spot, Spot]], report: Report) -> Element:
    element = _one_of(name, elements, report)
    value = element.value
    if value is None:
        return element
    if value.kind is Kind.ARRAY and not value.node.items:
        report.add(f"EMPTY_ARRAY_{name.upper()}", value)
    elif value.kind not in (Kind.ARRAY, Kind.STRING):
        report.add("DATA_TYPE_MISMATCH", value, data_type=_TEXTS)
        return element
    element.entries = tuple(spot for spot in value.items() if _text(spot, report))
    return element


def _names(value: Spot, report: Report) -> tuple[PrincipalUse, ...]:
    if value.kind is Kind.STRING and value.text == "*":
        return (PrincipalUse("*", value),)
    if value.kind is not Kind.OBJECT:
        report.add("INVALID_PRINCIPAL_FORMAT", value)
        return ()
    if not value.node.members:
        report.add("EMPTY_OBJECT_PRINCIPAL", value)
    found: list[PrincipalUse] = []
    for key, names in value.members():
        if key.text not in PRINCIPAL_KEYS:
            report.add("INVALID_PRINCIPAL_KEY", key, principal_key=key.text)
            continue
        if names.kind is Kind.ARRAY and not names.node.items:
            report.add("EMPTY_ARRAY_PRINCIPAL", names)
        elif names.kind not in (Kind.ARRAY, Kind.STRING):
            report.add("DATA_TYPE_MISMATCH", names, data_type=_TEXTS)
            continue
        found += [PrincipalUse(key.text, spot) for spot in names.items() if _text(spot, report)]
    return tuple(found)


def _uses(block: Spot, report: Report) -> tuple[Use, ...]:
    if block.kind is not Kind.OBJECT:
        report.add("DATA_TYPE_MISMATCH", block, data_type="Object")
        return ()
    if not block.node.members:
        report.add("EMPTY_OBJECT_CONDITION", block)
    found: list[Use] = []
    for operator, keys in block.members():
        _check_operator(operator, report)
        if keys.kind is not Kind.OBJECT:
            report.add("DATA_TYPE_MISMATCH", keys, data_type="Object")
            continue
        if not keys.node.members:
            report.add("EMPTY_OBJECT_CONDITION", keys)
        _check_cases(keys, report)
        found += [Use(operator, key, value, _values(operator, key, value, report)) for key, value in keys.members()]
    return tuple(found)


def _check_operator(operator: Spot, report: Report) -> None:
    if operator_named(operator.text) is not None:
        return
    if operator.text.rpartition(":")[2] == "NullIfExists":
        report.add("NULL_WITH_IF_EXISTS", operator)
    else:
        report.add("INVALID_CONDITION_OPERATOR", operator, operator=operator.text)


def _check_cases(keys: Spot, report: Report) -> None:
    """Keys that differ only in case are one key twice."""
    seen: dict[str, Spot] = {}
    for key in keys.names():
        first = seen.setdefault(key.text.lower(), key)
        if first is not key:
            report.add("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", key, first, key=key.text)


def _values(operator: Spot, key: Spot, value: Spot, report: Report) -> tuple[Spot, ...]:
    if value.kind is Kind.ARRAY and not value.node.items:
        _tell_empty(operator.text, key.text, value, report)
        return ()
    found = []
    for spot in value.items():
        if spot.kind in _SCALARS:
            found.append(spot)
        else:
            report.add("DATA_TYPE_MISMATCH", spot, data_type="String, Number or Boolean")
    if len({spot.kind for spot in found}) > 1:
        report.add("INVALID_CONDITION_DATA_TYPE", value)
    return tuple(found)


def _tell_empty(written: str, key: str, value: Spot, report: Report) -> None:
    operator = operator_named(written)
    suffix = ""
    if operator is not None:
        suffix = {FOR_ALL: "_FORALLVALUES", FOR_ANY: "_FORANYVALUE"}.get(operator.qualifier or "", "")
        suffix = suffix or ("_IFEXISTS" if operator.if_exists else "")
    report.add(f"EMPTY_ARRAY_CONDITION{suffix}", value, key=key)


def _tell_missing(statement: Statement, subject: Subject, report: Report) -> None:
    if not statement.actions:
        report.add("MISSING_ACTION", statement.spot)
    trusts = subject.is_trust or (subject.is_resource and subject.attached is None and statement.trusts)
    if not statement.resources and not trusts:
        report.add("MISSING_RESOURCE", statement.spot)
    if not statement.principals and subject.names_principals:
        report.add("MISSING_PRINCIPAL", statement.spot)
