"""What was decided and why, and AWS's closing words for it (IAM User Guide, "Troubleshoot access denied error messages").

A decision is a value with its reasons: the statements that decided, or the layers that should have allowed and were
silent. Whoever wants to know *which part* of a statement failed reads ``explanation``, which the obvious engine fills.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from daypass.policy.json_text import line_and_column, statement_spans
from daypass.policy.principals import Naming

if TYPE_CHECKING:
    from daypass.policy.document import Effect, Source, Statement
    from daypass.policy.principals import Principal
    from daypass.policy.variables import Context


ENCODED_MESSAGE = ". Encoded authorization failure message: "
"""What stands between an access-denied text and the encoded message that may follow it."""


class Layer(StrEnum):
    """A kind of policy, in AWS's own words, in the order in which AWS names them."""

    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"
    ENDPOINT = "VPC endpoint policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One action on one resource. ``context`` has in lower case keys; a tuple is a multivalued key; absent is absent.

    ``resource_account`` owns the resource, whatever its ARN says (S3 buckets name no account). ``resource`` is ``*``
    for an action without resource types.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Context


@dataclass(frozen=True, slots=True)
class Matched:
    """A statement that applied, and where it stands. ``holder`` is whose policy it is (``group devs``)."""

    layer: Layer
    policy: str
    arn: str | None
    statement: int
    sid: str | None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The part of a statement that did not fit, what it wanted, and what the request had (None: nothing).

    ``unresolved`` are the policy variables in what was wanted that the request had nothing for.
    """

    part: str
    wanted: tuple[str, ...]
    actual: str | tuple[str, ...] | None
    operator: str | None = None
    key: str | None = None
    unresolved: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The condition keys that this part looked for and the request had not."""
        absent = () if self.key is None or self.actual is not None else (self.key,)
        return tuple(dict.fromkeys((*absent, *self.unresolved)))


@dataclass(frozen=True, slots=True)
class Examined:
    """One statement as the obvious engine saw it. It matched where nothing failed; ``naming`` is how it names the caller."""

    where: Matched
    effect: Effect
    failures: tuple[Failure, ...]
    source: Source = field(compare=False, repr=False)
    naming: Naming = Naming.NONE

    @property
    def statement(self) -> Statement:
        """The statement itself."""
        return self.source.policy.statements[self.where.statement]

    @property
    def position(self) -> tuple[int, int]:
        """Line and column, both from 1, of the statement in its policy's text."""
        text = self.source.policy.text
        return line_and_column(text, statement_spans(text)[self.where.statement][0])


Explanation = tuple[Examined, ...]


@dataclass(frozen=True, slots=True)
class Allow:
    """Allowed, by these statements (by none at all for the root user)."""

    by: tuple[Matched, ...]
    explanation: Explanation = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExplicitDeny:
    """Denied by these statements, in AWS's order of naming."""

    by: tuple[Matched, ...]
    explanation: Explanation = field(default=(), compare=False, repr=False)
    disagreed: bool = False


@dataclass(frozen=True, slots=True)
class ImplicitDeny:
    """Denied because these layers had to allow it and did not, in AWS's order of naming."""

    silent: tuple[Layer, ...]
    explanation: Explanation = field(default=(), compare=False, repr=False)
    disagreed: bool = False


Decision = Allow | ExplicitDeny | ImplicitDeny


def because(denied: ExplicitDeny | ImplicitDeny, action: str) -> str:
    """The closing clause of the access-denied message.

    An explicit deny by a managed policy ends with its ARN; resource-based and trust policies have none to show.
    """
    if isinstance(denied, ImplicitDeny):
        return f"because no {denied.silent[0]} allows the {action} action"
    first = denied.by[0]
    if first.layer is Layer.TRUST:
        return "with an explicit deny in the role trust policy"
    article = "an" if first.layer is Layer.IDENTITY else "a"
    clause = f"with an explicit deny in {article} {first.layer}"
    return clause if first.arn is None or first.layer is Layer.RESOURCE else f"{clause}: {first.arn}"
