"""Policy templates of delegation requests: a policy with ``@{name}`` where a parameter goes.

IAM User Guide, "Policy templates". On AWS a partner registers its templates with AWS; here a template is a customer managed
policy of the requesting account. Values are put into the policy's texts, never into its JSON: no value can add an element;
a text into which a list goes becomes one text for each of its values.
AWS's conditional statements are not known here; a policy that has them cannot be stored in the first place.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.directory.delegations import Parameter

LONGEST = 2048
_PLACE = re.compile(r"@\{([^{}]*)\}")


def rendered(template: str, parameters: tuple[Parameter, ...]) -> str:
    """The policy that is asked for, as compact JSON. Raises InvalidInput."""
    values = {name: (texts, kind) for name, texts, kind in parameters}
    if len(values) != len(parameters):
        raise _invalid("A parameter is given twice.")
    for name, texts, kind in parameters:
        if kind == "string" and len(texts) != 1:
            raise _invalid(f"The parameter {name} takes one value.")
    used: set[str] = set()
    text = json.dumps(_filled(json.loads(template), values, used), separators=(",", ":"), ensure_ascii=False)
    unused = values.keys() - used
    if unused:
        raise _invalid(f"The policy template has no parameter {min(unused)}.")
    if len(text) > LONGEST:
        raise _invalid(f"The policy is longer than {LONGEST} characters.")
    try:
        parse(text, Grammar.SESSION)
    except PolicyProblem as problem:
        raise _invalid(f"The policy template does not give a policy: {problem.message}") from None
    return text


def boundaries(policy: str) -> list[str]:
    """The permissions boundaries that roles must have which the policy allows to create."""
    statements = json.loads(policy).get("Statement", [])
    found: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        named = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") != "Allow" or not any(name.lower() == "iam:createrole" for name in named):
            continue
        for condition in statement.get("Condition", {}).values():
            for key, value in condition.items():
                if key.lower() == "iam:permissionsboundary":
                    found += [value] if isinstance(value, str) else value
    return sorted(set(found))


def _filled(value: Any, values: Mapping[str, tuple[tuple[str, ...], str]], used: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, values, used) for key, inner in value.items()}
    if isinstance(value, list):
        filled: list[Any] = []
        for inner in value:
            new = _filled(inner, values, used)
            filled += new if isinstance(new, list) and isinstance(inner, str) else [new]
        return filled
    if not isinstance(value, str):
        return value
    return _texts(value, values, used)


def _texts(value: str, values: Mapping[str, tuple[tuple[str, ...], str]], used: set[str]) -> str | list[str]:
    """A text with its places filled in; several, one for each value, where a list goes into it."""
    lists = {name for name in _PLACE.findall(value) if values.get(name, ((), ""))[1] == "stringList"}
    if not lists:
        return _PLACE.sub(lambda place: _single(place[1], values, used), value)
    if len(lists) > 1:
        raise _invalid(f"Two lists go into one text of the policy template: {', '.join(sorted(lists))}.")
    (name,) = lists
    used.add(name)
    found: list[str] = []
    for item in values[name][0]:
        parts = {**values, name: ((item,), "string")}
        found.append(_PLACE.sub(lambda place, parts=parts: _single(place[1], parts, used), value))  # type: ignore[misc]
    return found


def _single(name: str, values: Mapping[str, tuple[tuple[str, ...], str]], used: set[str]) -> str:
    texts, kind = values.get(name, ((), ""))
    if not kind:
        raise _invalid(f"The policy template needs the parameter {name}.")
    used.add(name)
    return texts[0]


def _invalid(text: str) -> ApiError:
    return ApiError("InvalidInput", text)
