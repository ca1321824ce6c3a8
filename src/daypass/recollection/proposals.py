"""A policy that is only proposed, put into the directory as it is now, to see what it would change.

The directory itself is not touched: a view lies over another and shows some records otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from daypass.arns import Arn
from daypass.directory import GLOBAL, Bucket, Group, Key, ManagedPolicy, Record, Role, User
from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse
from daypass.recollection.past import CannotTell
from daypass.services.iam.trust import trust
from daypass.services.s3.policy_principals import bound

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from daypass.directory import LastUse, Page, View

R = TypeVar("R", bound=Record)
T = TypeVar("T")
_ADDED = "(proposed)"


class Proposal(NamedTuple):
    """A policy text and where it would stand.

    ``target`` is the ARN of a user, group or role, whose identity-based policies it replaces or, ``added``, joins; the ARN
    of a managed policy, whose text it replaces; or a bucket, whose policy it replaces. With ``is_trust``, the trust policy
    of a role.
    """

    target: str
    text: str
    added: bool = False
    is_trust: bool = False


class ProposedView:
    """A view in which some records are others. It reads for decisions, so nothing else is changed in it."""

    def __init__(self, view: View, records: dict[Key, Record]) -> None:
        self._view = view
        self._records = records
        self._derived: dict[tuple[str, Hashable], Any] = {}

    def get(self, cls: type[R], scope: str, name: str) -> R | None:
        found = self._records.get(Key(cls.kind, scope, name))
        return found if isinstance(found, cls) else self._view.get(cls, scope, name)

    def by_id(self, cls: type[R], unique_id: str) -> R | None:
        found = self._view.by_id(cls, unique_id)
        changed = None if found is None else self._records.get(found.key)
        return changed if isinstance(changed, cls) else found

    def page(self, cls: type[R], scope: str, *, after: str = "", limit: int = 100, path_prefix: str = "/") -> Page:
        return self._view.page(cls, scope, after=after, limit=limit, path_prefix=path_prefix)

    def count(self, cls: type[R], scope: str) -> int:
        return self._view.count(cls, scope)

    def linked(self, cls: type[R], scope: str, link: str, target: str, *, after: str = "", limit: int = 1000) -> Page:
        return self._view.linked(cls, scope, link, target, after=after, limit=limit)

    def count_linked(self, scope: str, link: str, target: str) -> int:
        return self._view.count_linked(scope, link, target)

    def last_use(self, subject: str) -> LastUse | None:
        return self._view.last_use(subject)

    def revision(self, scope: str) -> int:
        return self._view.revision(scope)

    def derived(
        self,
        scope: str,
        key: Hashable,
        make: Callable[[], T],
        weigh: Callable[[T], int] | None = None,  # noqa: ARG002 - one question's copies need no bound
    ) -> T:
        """Kept here alone: what is made of other records must not be taken for what is made of the true ones."""
        place = (scope, key)
        if place not in self._derived:
            self._derived[place] = make()
        made: T = self._derived[place]
        return made


def proposed(view: View, proposals: Sequence[Proposal]) -> View:
    """The directory as it would be. Raises CannotTell for a policy that could not be stored, or has no place."""
    if not proposals:
        return view
    records: dict[Key, Record] = {}
    for proposal in proposals:
        record = _changed(ProposedView(view, records), proposal)
        records[record.key] = record
    return ProposedView(view, records)


def _changed(view: View, proposal: Proposal) -> Record:
    try:
        if proposal.is_trust:
            return _trusting(view, proposal)
        bucket = view.get(Bucket, GLOBAL, proposal.target.removeprefix("arn:aws:s3:::"))
        if bucket is not None:
            stored = bound(parse(proposal.text, Grammar.BUCKET), view)
            return msgspec.structs.replace(bucket, policy=stored.text, policy_bindings=stored.bindings)
        parse(proposal.text, Grammar.IDENTITY)
    except PolicyProblem as problem:
        raise CannotTell(f"the policy for {proposal.target} is refused: {problem.message}{_at(problem)}") from None
    except ApiError as error:
        raise CannotTell(f"the policy for {proposal.target} is refused: {error.message}") from None
    return _with_identity_policy(view, proposal)


def _at(problem: PolicyProblem) -> str:
    return "" if problem.position is None else f" (line {problem.position[0]}, column {problem.position[1]})"


def _trusting(view: View, proposal: Proposal) -> Record:
    role = _holder(view, proposal.target)
    if not isinstance(role, Role):
        raise CannotTell(f"{proposal.target} is no role here: only roles have a trust policy")
    stored = trust(proposal.text, view)
    return msgspec.structs.replace(role, trust=stored.text, trust_bindings=stored.bindings)


def _with_identity_policy(view: View, proposal: Proposal) -> Record:
    holder = _holder(view, proposal.target)
    if isinstance(holder, ManagedPolicy):
        versions = tuple(
            msgspec.structs.replace(version, document=proposal.text)
            if version.number == holder.default_version
            else version
            for version in holder.versions
        )
        return msgspec.structs.replace(holder, versions=versions)
    more = ((_ADDED, proposal.text),)
    if proposal.added:
        return msgspec.structs.replace(holder, policies=(*holder.policies, *more))
    return msgspec.structs.replace(holder, policies=more, attached=())


def _holder(view: View, target: str) -> User | Group | Role | ManagedPolicy:
    try:
        arn = Arn.parse(target)
    except ValueError:
        raise CannotTell(f"{target} is no bucket here, and no ARN of a user, group, role or managed policy") from None
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2].lower()
    found: User | Group | Role | ManagedPolicy | None = None
    match kind:
        case "user":
            found = view.get(User, arn.account, name)
        case "group":
            found = view.get(Group, arn.account, name)
        case "role":
            found = view.get(Role, arn.account, name)
        case "policy":
            found = view.get(ManagedPolicy, arn.account, name)
    if found is None or found.arn != target:
        raise CannotTell(f"there is no {target} here")
    return found
