"""Account properties and role templates (IAM API Reference: Get- and PutAccountProperties, AcquireRole...).

There are no properties and no role templates on a server of one's own: they belong to services of AWS. What names one is
told so in IAM's words, and the lists are empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.directory import View
    from daypass.services.registry import Call, Result


def _template(call: Call, _view: View) -> list[Ask]:
    return [authorization.on_tagged(call, call.input["TemplateArn"], ())]


@iam("GetAccountProperties", needs=authorization.account_wide)
def get_account_properties(_call: Call, _view: View) -> Result:
    """The account's properties: none."""
    return {"Properties": {}}, []


@iam("PutAccountProperties", needs=authorization.account_wide)
def put_account_properties(call: Call, _view: View) -> Result:
    """Refuse: every property belongs to a service of AWS."""
    names = sorted(call.input["Properties"])
    if not names or len({name.partition("/")[0] for name in names}) > 1 or any(name.count("/") != 1 for name in names):
        raise ApiError("InvalidInput", "Properties are named Namespace/PropertyName, all of one namespace.")
    raise ApiError("InvalidInput", f"The account property {names[0]} does not exist.")


@iam("AcquireRole", needs=_template)
def acquire_role(call: Call, _view: View) -> Result:
    """Refuse: there are no templates."""
    _no_template(call)


@iam("GetRoleTemplateVersion", needs=_template)
def get_role_template_version(call: Call, _view: View) -> Result:
    """Refuse: there are no templates."""
    _no_template(call)


def _no_template(call: Call) -> NoReturn:
    raise ApiError("NoSuchEntity", f"Role template {call.input['TemplateArn']} does not exist.")
