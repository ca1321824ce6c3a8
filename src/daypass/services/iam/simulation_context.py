"""Who calls in a simulation, and with which condition keys (IAM API Reference, parameters CallerArn and ContextEntries).

What a request would say of itself (its time, its address) is not made up: it is absent until an entry supplies it. What
the caller is, is known; entries are put over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from daypass.arns import iam_arn
from daypass.directory import Role, User
from daypass.policy import Principal, PrincipalKind, operands
from daypass.services.iam.simulation_documents import invalid_input
from daypass.services.iam.simulation_source import entity_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call

Context = dict[str, str | tuple[str, ...]]

NOBODY: Final = "STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"
"""``aws:userid`` of a custom simulation that names no caller (recorded)."""
_LIST: Final = "List"
_MOST_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class SimulatedCaller:
    """Who calls, with all condition keys of the request."""

    principal: Principal
    context: Context


def simulated_caller(call: Call, entity: Holder | None) -> SimulatedCaller:
    """The caller of a simulation, the given entries over what the caller is."""
    given = given_context(call)
    principal, context = _caller(call, entity)
    return SimulatedCaller(principal, context | given)


def _caller(call: Call, entity: Holder | None) -> tuple[Principal, Context]:
    """The principal and its own keys. ``entity`` is whom PolicySourceArn names; a caller who is somebody else is only a name.

    Records of others are never looked up: whoever may simulate texts learns nothing of the account's users by it.
    A role is simulated as one of its sessions, with the role's ARN; a group as a user who has no name yet.
    """
    arn = call.input.get("CallerArn")
    if arn is None and entity is not None:
        arn = entity.arn
    if arn is None:
        stub = iam_arn(call.account, "user", "/", NOBODY)
        nobody = Principal(PrincipalKind.USER, call.account, stub)
        return nobody, {"aws:principalaccount": call.account, "aws:userid": NOBODY}
    named = entity_name(arn)
    if named is None:
        raise invalid_input("Invalid caller - Caller must be an IAM user, role or group in this context.")
    known = entity if entity is not None and entity.arn == arn and isinstance(entity, User | Role) else None
    ids = () if known is None else (known.id,)
    context: Context = {"aws:principalaccount": named.account, "aws:principaltype": "User"}
    if named.kind == "group":
        return Principal(PrincipalKind.USER, named.account, arn), context
    context["aws:principalarn"] = arn
    if known is not None:
        context |= {f"aws:principaltag/{key.lower()}": value for key, value in known.tags}
    if named.kind == "role":
        context["aws:principaltype"] = "AssumedRole"
        return Principal(PrincipalKind.ROLE_SESSION, named.account, arn, through=(arn, *ids)), context
    context |= {"aws:username": named.name, "aws:userid": arn if known is None else known.id}
    return Principal(PrincipalKind.USER, named.account, arn, direct=(arn, *ids)), context


def has_caller(call: Call, entity: Holder | None) -> bool:
    """Whether there is a caller for the Principal elements of a resource-based policy to name."""
    return entity is not None or call.input.get("CallerArn") is not None


def given_context(call: Call) -> Context:
    """The keys of ContextEntries, names in lower case. Raises InvalidInput in AWS's words."""
    context: Context = {}
    for entry in call.input.get("ContextEntries", ()):
        if not any(entry.get(member) for member in ("ContextKeyName", "ContextKeyType", "ContextKeyValues")):
            continue
        name, values = _checked(entry)
        if name.lower() in context:
            raise invalid_input(f"Duplicate context key: {name}.")
        context[name.lower()] = values if entry["ContextKeyType"].endswith(_LIST) else values[0]
    return context


def _checked(entry: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    name, kind, values = entry.get("ContextKeyName"), entry.get("ContextKeyType"), entry.get("ContextKeyValues")
    if not name:
        raise invalid_input("ContextKeyName cannot be null or empty.")
    if kind is None:
        raise invalid_input(f"Context key {name} has invalid type null.")
    if not values:
        raise invalid_input(f"Context values for context key {name} cannot be null or empty.")
    if not kind.endswith(_LIST) and len(values) != 1:
        raise invalid_input(f"Context key {kind} expected a single value, but received {len(values)}.")
    read, form = _READERS[kind.removesuffix(_LIST)]
    found = tuple(read(value) for value in values)
    texts = tuple(value for value in found if value is not None)
    if len(texts) != len(found):
        raise invalid_input(f"Invalid context value for key {name}: expected {form}.")
    return name, texts


def _number(text: str) -> str | None:
    """A number in plain digits: entries may have an exponent, which policies have not."""
    if operands.number(text) is not None:
        return text
    try:
        value = Decimal(text) if text == text.strip() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS or len(text) > _MOST_DIGITS:
        return None
    return f"{value:f}"


def _date(text: str) -> str | None:
    return text if operands.instant(text) is not None else None


def _address(text: str) -> str | None:
    return text if operands.address(text) is not None else None


def _binary(text: str) -> str | None:
    return text if operands.binary(text) is not None else None


_READERS: Final[dict[str, tuple[Callable[[str], str | None], str]]] = {
    "string": (str, "string"),
    "boolean": (str, "boolean"),
    "numeric": (_number, "numeric format"),
    "date": (_date, "DateTime format"),
    "ip": (_address, "IP address"),
    "binary": (_binary, "base-64 encoded binary format"),
}
"""Per type, how a value is read (None: it is none), and what AWS calls its form. Any text may stand for a boolean."""
