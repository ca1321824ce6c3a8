"""An explanation as a short tree for people: what was decided, what each layer said, and what would have to change. Pure.

Everything in it may come from strangers (keys of objects, tags): what could steer a terminal is shown as an escape.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]

_SHOWN: Final = 3
"""Values of a list that are shown; the rest is counted."""


def tree(told: Json) -> str:
    """The text of what :func:`daypass.access.explanation.explained` tells."""
    verdict = "ALLOWED" if told["Decision"] == "allow" else "REFUSED"
    lines = [
        f"{verdict}  {told['Action']} on {told['Resource']}",
        f"for {told['Principal']}",
        told["Because"],
    ]
    for layer in told["Layers"]:
        lines += ["", *_layer(layer)]
    if told["MissingContextKeys"]:
        lines += ["", "Condition keys that were asked for and not there: " + ", ".join(told["MissingContextKeys"])]
    if told["Changes"]:
        lines += ["", _heading(told["Changes"]), *(line for change in told["Changes"] for line in _change(change))]
    return "".join(f"{printable(line)}\n" for line in lines)


def recorded_tree(told: Json) -> str:
    """The text of what became of a recorded call, and of what would become of it now."""
    lines = [f"{told['EventName']} ({told['EventSource']}) at {told['EventTime']}, request {told['RequestId']}"]
    lines.append(f"by {told['Principal']} from {told['SourceIPAddress']}")
    lines.append(f"refused: {told['ErrorCode']}" if told["ErrorCode"] else "answered")
    if told["ErrorMessage"]:
        lines.append(f"the caller was told: {told['ErrorMessage']}")
    if told["Reason"]:
        lines.append(f"reason: {told['Reason']}")
    if not told["Kept"]:
        lines.append("How it was decided was not kept (audit.decisions).")
    elif not told["Questions"]:
        lines.append("No policy was asked.")
    if told.get("QuestionsLeftOut"):
        lines.append(f"{told['QuestionsLeftOut']} more questions were asked, and not kept.")
    text = "".join(f"{printable(line)}\n" for line in lines)
    return text + "".join(map(_recorded, told["Questions"]))


def _recorded(question: Json) -> str:
    then = question["Then"]
    outcome = "ALLOWED" if then["Decision"] == "allow" else "REFUSED"
    lines = ["", f"Then: {outcome}  {question['Action']} on {question['Resource']}"]
    lines += [f"  denied by {_place(place)} ({place['Layer']})" for place in then["DeniedBy"]]
    lines += [f"  no {layer} allowed it" for layer in then["SilentLayers"]]
    if question["Now"] is None:
        lines.append(f"Now: cannot be told: {question['NotNow']}")
    text = "".join(f"{printable(line)}\n" for line in lines)
    return text if question["Now"] is None else f"{text}Now: {tree(question['Now'])}"


def printable(text: str) -> str:
    """A text on one line, without what could steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _heading(changes: list[Json]) -> str:
    return (
        "It would be allowed by this change:" if len(changes) == 1 else "It would be allowed by all of these changes:"
    )


def _layer(layer: Json) -> Iterator[str]:
    says = {"deny": "denies", "allow": "allows", "nothing": "allows nothing here"}[layer["Says"]]
    none = "" if layer["Policies"] else " (there is none)"
    yield f"{layer['Layer']}: {says}{none}"
    branches = [list(_statement(statement)) for statement in layer["Statements"]]
    others = layer["StatementsAboutOtherActions"]
    if others:
        branches.append([f"{others} statement{'s' if others > 1 else ''} about other actions"])
    for number, branch in enumerate(branches):
        last = number == len(branches) - 1
        yield f"{'└─' if last else '├─'} {branch[0]}"
        yield from (f"{'  ' if last else '│ '}    {line}" for line in branch[1:])


def _statement(statement: Json) -> Iterator[str]:
    matches = "matches" if statement["Matches"] else "does not match"
    yield f"{statement['Effect']}, {_place(statement)}: {matches}"
    if not statement["Matches"]:
        yield from map(_failure, statement["Failures"])
        return
    if "PrincipalNames" in statement:
        yield f"names {statement['PrincipalNames']}"
    yield from (f"{_wanted(condition)}: the request {_had(condition)}" for condition in statement["Conditions"])


def _place(statement: Json) -> str:
    """``statement 2 (Sid "Read") of policy reports of role reader, line 4, column 5``."""
    sid = f' (Sid "{statement["Sid"]}")' if statement["Sid"] else ""
    policy = statement["PolicyArn"] or statement["Policy"]
    of = f"policy {policy}" if not policy.endswith("policy") else f"the {policy}"
    holder = f" of {statement['PolicyHolder']}" if statement["PolicyHolder"] else ""
    position = f", line {statement['Line']}, column {statement['Column']}" if "Line" in statement else ""
    return f"statement {statement['Index'] + 1}{sid} of {of}{holder}{position}"


def _failure(failure: Json) -> str:
    had = _had(failure)
    if failure["Part"] == "Condition":
        wanted = f"{_wanted(failure)}: the request {had}"
    else:
        wanted = f"{failure['Part']} {_values(failure['Wanted'])}: the request {had}"
    unresolved = [key for key in failure["MissingKeys"] if key != failure.get("Key")]
    return wanted + (f"; nothing stands for ${{{'}, ${'.join(unresolved)}}}" if unresolved else "")


def _had(compared: Json) -> str:
    actual = compared["Actual"]
    return "has no such key" if actual is None else f"has {_values(actual if isinstance(actual, list) else [actual])}"


def _wanted(condition: Json) -> str:
    return f"{condition['Operator']} {condition['Key']} {_values(condition['Wanted'])}"


def _values(values: Iterable[str]) -> str:
    listed = list(values)
    shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in listed[:_SHOWN])
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"{shown}{more}" if listed else "(nothing)"


def _change(change: Json) -> Iterator[str]:
    if change["Change"] == "narrow":
        yield f"- remove or narrow the Deny, {_place(change)}, of the {change['Layer']}"
        for condition in change["Conditions"]:
            yield f"  it denies while {_wanted(condition)}: the request {_had(condition)}"
        return
    if change["Change"] == "addWithCondition":
        yield f"- add to {change['To']}: a statement with a condition on {change['ConditionKey']}"
        yield "  (which one is told where the request has that key)"
        yield from _or_meet(change)
        return
    enough = " (this alone is enough)" if change["EnoughAlone"] else ""
    yield f"- add to {change['To']}{enough}:"
    yield f"  {json.dumps(change['Statement'], ensure_ascii=False)}"
    yield from _or_meet(change)


def _or_meet(change: Json) -> Iterator[str]:
    for near in change["OrMeet"]:
        yield f"  or: {_place(near)} would match if"
        yield from (f"      {_failure(failure)}" for failure in near["Failures"])
