"""Conditions, variables and wildcards, as the obvious engine reads them: character by character, rule by rule.

The rules are the tables of the IAM User Guide ("Condition operators", "Set operators for multivalued context keys").
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from daypass.policy import operands
from daypass.policy.variables import Quoted, Variable, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daypass.policy.document import Condition
    from daypass.policy.variables import Context

    Tokens = Sequence["str | Token"]
    """A pattern. One without wildcards may be plain text: that is a sequence of characters, too."""


class Answer(Enum):
    """What became of a question."""

    NO = "no"
    YES = "yes"
    CANNOT_BE_TOLD = "cannot be told"

    @classmethod
    def of(cls, truth: bool) -> Answer:
        """Yes or no."""
        return cls.YES if truth else cls.NO

    def reversed(self) -> Answer:
        """The answer to the opposite question."""
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, self)


def any_of(answers: Sequence[Answer]) -> Answer:
    """Yes if one is; of the others, one that cannot be told outweighs a no."""
    if Answer.YES in answers:
        return Answer.YES
    return Answer.CANNOT_BE_TOLD if Answer.CANNOT_BE_TOLD in answers else Answer.NO


def all_of(answers: Sequence[Answer]) -> Answer:
    """No if one is; of the others, one that cannot be told outweighs a yes."""
    return any_of([answer.reversed() for answer in answers]).reversed()


# Patterns: a list of characters and wildcards. What a variable brings is marked as filled in: its stars are ordinary
# characters, and in resources its colons, too. In conditions a whole ARN may be a variable's value.


class Token(Enum):
    """The wildcards, as opposed to characters."""

    ANY_RUN = "*"
    ANY_ONE = "?"


class FilledIn(str):
    """A character that came with a variable's value, or that ``${*}`` made ordinary."""

    __slots__ = ()


def expand(text: str, context: Context, *, variables: bool) -> Tokens | None:
    """A pattern as tokens, or None if a variable has nothing to stand for it."""
    if not variables or "${" not in text:
        return wildcards(text)
    tokens: list[str | Token] = []
    for piece in pieces(text):
        if isinstance(piece, Quoted):
            tokens += map(FilledIn, piece.text)
        elif isinstance(piece, Variable):
            value = context.get(piece.key, piece.default)
            if value is None or isinstance(value, tuple):
                return None
            tokens += map(FilledIn, value)
        else:
            tokens += wildcards(piece)
    return tokens


def wildcards(text: str) -> Tokens:
    """A pattern without variables as tokens."""
    if "*" not in text and "?" not in text:
        return text
    return [Token(character) if character in "*?" else character for character in text]


def as_text(tokens: Tokens) -> str:
    """Tokens where wildcards are ordinary characters, too."""
    return "".join(token.value if isinstance(token, Token) else token for token in tokens)


def glob(parts: Tokens, text: str) -> bool:
    """Whether a whole text fits.

    Follows all ways through the pattern at once: bit n of ``reached`` says that the text so far can have led to token n.
    There is no going back, so no pattern is costly: what a refusal costs must not be in the hands of who is refused.
    """
    if isinstance(parts, str):
        return parts == text
    plain = next((number for number, token in enumerate(parts) if isinstance(token, Token)), len(parts))
    if list(text[:plain]) != list(parts[:plain]):  # most patterns part from the text before any wildcard
        return False
    match parts[plain:]:
        case []:
            return len(text) == plain
        case [Token.ANY_RUN]:
            return True
    runs = ones = 0
    characters: dict[str, int] = {}
    parts = [token for n, token in enumerate(parts) if token is not Token.ANY_RUN or parts[n - 1 : n] != [token]]
    for number, token in enumerate(parts):
        if token is Token.ANY_RUN:
            runs |= 1 << number
        elif token is Token.ANY_ONE:
            ones |= 1 << number
        else:
            characters[token] = characters.get(token, 0) | 1 << number
    reached = 1 | (runs & 1) << 1  # a run may be empty, so what reaches it reaches the token behind it
    for character in text:
        stepped = (reached & runs) | (reached & (characters.get(character, 0) | ones)) << 1
        reached = stepped | (stepped & runs) << 1
        if not reached:
            return False
    return bool(reached >> len(parts))


def expand_arn(text: str, context: Context, *, variables: bool) -> list[Tokens] | None:
    """The parts of an ARN's pattern as tokens, or None if a variable has nothing to stand for it."""
    *first, last = text.split(":", 5)
    if variables and "${" in "".join(first):  # the colons of a variable's name cut nothing
        whole = expand(text, context, variables=True)
        return None if whole is None else split_arn(whole, values_too=False)
    tokens = expand(last, context, variables=variables)
    return None if tokens is None else [*map(wildcards, first), tokens]


def split_arn(tokens: Tokens, *, values_too: bool) -> list[Tokens]:
    """Tokens cut at their first five colons: at those that variables brought only if ``values_too``."""
    parts: list[list[str | Token]] = [[]]
    for each in tokens:
        if each == ":" and (values_too or not isinstance(each, FilledIn)) and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(each)
    return [*parts]


# Conditions.


def holds(condition: Condition, context: Context, *, variables: bool) -> Answer:
    """Whether one key under one operator is satisfied."""
    quantifier, _, operator = condition.operator.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    found = context.get(condition.key.lower(), ())
    if operator == "Null":
        return _null(condition.values, quantifier, exists=found != ())

    def one_value(actual: str) -> Answer:
        """Whether one value of the request is what the operator wants, given all values of the policy."""
        fits = any_of([_fits(operator, wanted, actual, context, variables=variables) for wanted in condition.values])
        return fits.reversed() if negated else fits

    if quantifier:
        values = [found] if isinstance(found, str) else list(found)
        return _set_holds(quantifier, [(actual, one_value(actual)) for actual in values], if_exists=if_exists)
    if isinstance(found, str):
        return one_value(found)
    passes_when_absent = negated or if_exists
    if found == ():
        return Answer.of(passes_when_absent)
    # Many values and no set operator: undefined. It cannot be told where absence would be a match, or one value is.
    several = any_of([one_value(actual) for actual in found])
    return Answer.NO if several is Answer.NO and not passes_when_absent else Answer.CANNOT_BE_TOLD


def _set_holds(quantifier: str, values: list[tuple[str, Answer]], *, if_exists: bool) -> Answer:
    answers = [answer for _, answer in values]
    if quantifier == "ForAnyValue":
        return any_of(answers) if values else Answer.of(if_exists)
    nothing = all(actual == "" for actual, _ in values)  # no values, or nothing but empty strings
    return Answer.YES if nothing else all_of(answers)


def _null(wanted: Sequence[str], quantifier: str, *, exists: bool) -> Answer:
    """``true`` wants the key to be absent. With a set operator it is a constant."""
    if quantifier:
        return Answer.of(quantifier == "ForAllValues")
    answers = []
    for value in wanted:
        must_be_absent = operands.truth(value)
        answers.append(Answer.CANNOT_BE_TOLD if must_be_absent is None else Answer.of(must_be_absent is not exists))
    return any_of(answers)


def _fits(operator: str, wanted: str, actual: str, context: Context, *, variables: bool) -> Answer:
    """Whether one value of the request fits one value of the policy, the operator's negation left aside."""
    family = operator.replace("Not", "")
    if family == "IpAddress":
        return _address_fits(wanted, actual)
    if family.startswith(("Numeric", "Date", "Binary")):
        return _typed_fits(family, wanted, actual)
    if family.startswith("Arn") and not (actual.startswith("arn:") and actual.count(":") >= 5):
        return Answer.NO
    tokens = expand(wanted, context, variables=variables)
    if tokens is None:
        return Answer.CANNOT_BE_TOLD if "Not" in operator else Answer.NO
    return Answer.of(_text_fits(family, tokens, actual))


def _text_fits(family: str, tokens: Tokens, actual: str) -> bool:
    match family:
        case "StringEquals":
            return actual == as_text(tokens)
        case "StringEqualsIgnoreCase":
            return actual.lower() == as_text(tokens).lower()
        case "StringLike":
            return glob(tokens, actual)
        case "Bool":
            return actual.lower() in ("true", "false") and actual.lower() == as_text(tokens).lower()
        case "ArnEquals" | "ArnLike":
            wanted, parts = split_arn(tokens, values_too=True), actual.split(":", 5)
            return len(wanted) == len(parts) and all(map(glob, wanted, parts))
    raise ValueError(f"unknown operator {family}")


def _typed_fits(family: str, wanted: str, actual: str) -> Answer:
    kind = next(kind for kind in ("Numeric", "Date", "Binary") if family.startswith(kind))
    read: Callable[[str], Any] = {"Numeric": operands.number, "Date": operands.instant, "Binary": operands.binary}[kind]
    left, right = read(actual), read(wanted)
    if left is None or right is None:
        return Answer.CANNOT_BE_TOLD
    comparison = family.removeprefix(kind)
    if left == right:
        return Answer.of("Equals" in comparison)
    return Answer.of(
        (comparison.startswith("LessThan") and left < right) or (comparison.startswith("GreaterThan") and left > right)
    )


def _address_fits(wanted: str, actual: str) -> Answer:
    network, address = operands.network(wanted), operands.address(actual)
    if network is None or address is None:
        return Answer.CANNOT_BE_TOLD
    version, first, mask = network
    return Answer.of(address[0] == version and (address[1] & mask) == (first & mask))
