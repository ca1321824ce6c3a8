"""Signing in to the console by a SAML response that a browser posts to ``/saml``.

IAM User Guide, "Enabling SAML 2.0 federated principals to access the AWS console". The response is the whole proof. A
person who may take several roles chooses one, which posts the same response again. An assertion signs in once, and opens
the session of AssumeRoleWithSAML; how long the console's lasts is for the SessionDuration attribute to say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daypass.errors import ApiError
from daypass.federation import saml
from daypass.services.registry import FREE
from daypass.services.signin.console import CONSOLE_PATH, ConsoleSession, cookie
from daypass.services.signin.operations import signin
from daypass.services.sts.assume_role_with_saml import signed_in, vouched_for
from daypass.services.sts.federated_refusals import told_to_operator

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

DEFAULT_DURATION = 3600

_FAILED = "Your request included an invalid SAML response, or one that does not let you in."


@signin("ConsoleLoginWithSAML", needs=FREE, unsigned=True)
def console_login_with_saml(call: Call, view: View) -> Result:
    """Open the console's session for the person whom the assertion is about."""
    try:
        return _signed_in(call, view)
    except ApiError as refused:
        told_to_operator(call, refused)
        raise ApiError("ValidationException", _FAILED, status=400, reason=refused.reason) from None


def _signed_in(call: Call, view: View) -> Result:
    response = call.input.get("SAMLResponse", "")
    call.input["SAMLAssertion"] = response
    named = saml.claimed_providers(response)
    if not named:
        raise ApiError("ValidationException", _FAILED, reason="SAML: the response names no role that can be read")
    _, claims = vouched_for(call, view, named[0])
    pairs = sorted(claims.roles)
    chosen = call.input.get("RoleIndex")
    if chosen is None and len(pairs) > 1:
        choices = [(role, role) for role, _ in pairs]
        return {"Page": {"Title": "Select a role", "Form": {"SAMLResponse": response}, "Choices": choices}}, []
    pair = next((pair for pair in pairs if chosen in (None, pair[0])), None)
    if pair is None:
        raise ApiError(
            "ValidationException", _FAILED, reason=f"SAML: the role {chosen!r} is not among those of the assertion"
        )
    asked = replace(call, input={"RoleArn": pair[0], "PrincipalArn": pair[1], "SAMLAssertion": response})
    output, changes = signed_in(asked, view)
    call.caller, call.notes = asked.caller, {}
    credentials = output["Credentials"]
    until = int(call.now) + (claims.duration or DEFAULT_DURATION)
    opened = ConsoleSession(credentials["AccessKeyId"], credentials["SessionToken"], until, "")
    return {"ConsoleLogin": "Success", "Location": CONSOLE_PATH, "Cookie": cookie(call, opened)}, changes
