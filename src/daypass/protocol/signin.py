"""AWS's federation endpoint and the console's pages on the wire (IAM User Guide, "Enabling custom identity broker access").

No model describes it, so :mod:`signin.json` does in the form of the others. What comes in is a form or a query on
``/federation``, or a browser on ``/console/``; what goes out is JSON for a sign-in token, else pages and redirects. The
proof is in the arguments: nothing here is signed.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.protocol.errors import ErrorTable
from daypass.protocol.models import Model, read_model
from daypass.protocol.percent import NotText, pairs_of
from daypass.protocol.service import Route
from daypass.request import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.request import Headers, Request

FEDERATION = b"/federation"
CONSOLE = b"/console/"
LOGOUT = b"/console/logout"
SAML = b"/saml"
PATHS = frozenset({FEDERATION, CONSOLE, CONSOLE.rstrip(b"/"), LOGOUT, SAML})
"""Where the service answers whatever the host name, to requests that carry no signature."""

COOKIE = "daypass_console"

_CALLED = {"roleIndex": "RoleIndex"}
"""Parameters that AWS's own pages spell otherwise than all others."""

_ACTIONS = {"getSigninToken": "GetSigninToken", "login": "ConsoleLogin", "logout": "ConsoleLogout"}
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}dt{color:#666}dd{margin:0 0 .8rem}"
)
_STYLE_HASH = "sha256-7Aed8IKJkfZdcLFW8dDXjiLHJxvqQZoaAJjH5JyNa6w="
_SAFE: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        f"default-src 'none'; style-src '{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
]


class SigninService:
    """Sign-in to the console with temporary credentials."""

    body_first = True
    body_limit = 262_144  # a SAMLResponse has up to 100,000 characters, before a form escapes them
    too_large: ApiError | Response = Response(413, ())

    def __init__(self) -> None:
        self.name = self.signing_name = "signin"
        self.model: Model = read_model(files("daypass.protocol").joinpath("signin.json").read_bytes())
        self.errors = ErrorTable(self.name, self.model)
        self.operation_names = frozenset(self.model.operations)
        self.unsigned_operations = self.operation_names

    def route(self, request: Request) -> Route:
        """Find the operation by path and ``Action``."""
        if request.raw_path != FEDERATION:
            return self._page_route(request)
        try:
            pairs = pairs_of(request.raw_query)
            if request.method == "POST" and isinstance(request.body, bytes):
                pairs = [*pairs, *pairs_of(request.body)]
        except NotText:
            return self._refused("The request is not valid UTF-8.")
        named = [value for name, value in pairs if name == "Action"]
        if request.method not in ("GET", "POST") or len(named) != 1 or named[0] not in _ACTIONS:
            return self._refused("Action is getSigninToken, login or logout.")
        return Route(self.name, _ACTIONS[named[0]], pairs)

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        """The arguments. A parameter that comes twice is refused: which one was meant is anybody's guess."""
        operation = route.operation or ""
        reference = self.model.operations[operation].input
        members = {} if reference is None else self.model.shapes[reference.shape].members
        arguments: dict[str, Any] = {}
        for spelling, value in route.params if isinstance(route.params, list) else ():
            name = _CALLED.get(spelling, spelling)
            if name in members and name != "Cookie":
                if name in arguments:
                    raise ApiError("ValidationException", f"{name} is given more than once.")
                arguments[name] = value
        if "Cookie" in members:
            arguments["Cookie"] = _cookie(request)
        return arguments

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:  # noqa: ARG002
        """A sign-in token as JSON; everything else as a redirect or a page.

        ``Location`` sends the browser on, ``Cookie`` sets the console's cookie, ``Page`` is a title and its lines.
        """
        if "SigninToken" in output:
            body = msgspec.json.encode({"SigninToken": output["SigninToken"]})
            return Response(200, [(b"content-type", b"application/json"), (b"cache-control", b"no-store")], body)
        headers = list(_SAFE)
        if "Cookie" in output:
            headers.append((b"set-cookie", output["Cookie"].encode("ascii")))
        if "Location" in output:
            return Response(302, [*headers, (b"location", output["Location"].encode("ascii"))])
        return _page(200, output["Page"], headers)

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:  # noqa: ARG002
        """A refusal as a page, with the request's id for the operator."""
        entry = self.errors.of(error)
        page = {"Title": "Sign-in failed", "Text": entry.message or entry.code, "Facts": {"Request": request_id}}
        issuer = error.members.get("Issuer")
        response = _page(entry.status, page | ({"Link": issuer} if issuer else {}), list(_SAFE))
        return Response(response.status, response.headers) if head else response

    def _page_route(self, request: Request) -> Route:
        if request.raw_path == SAML and request.method == "POST" and isinstance(request.body, bytes):
            try:
                return Route(self.name, "ConsoleLoginWithSAML", pairs_of(request.body))
            except NotText:
                return self._refused("The request is not valid UTF-8.")
        if request.raw_path == LOGOUT and request.method == "POST":
            return Route(self.name, "ConsoleLogout")
        if request.raw_path in PATHS - {LOGOUT, SAML} and request.method in ("GET", "HEAD"):
            return Route(self.name, "ConsoleHome")
        return self._refused("There is no such page.", status=404)

    def _refused(self, text: str, status: int = 400) -> Route:
        return Route(self.name, None, refusal=ApiError("ValidationException", text, status=status))


def _cookie(request: Request) -> str:
    """The console's cookie; empty without one."""
    for name, value in request.headers:
        if name == b"cookie":
            for part in value.decode("latin-1").split(";"):
                key, _, text = part.strip().partition("=")
                if key == COOKIE:
                    return text
    return ""


def _page(status: int, page: Mapping[str, Any], headers: Headers) -> Response:
    """A page of a title, a sentence, facts by name, a link, buttons to choose by, and perhaps one that signs out."""
    title = escape(page["Title"])
    parts = [f"<h1>{title}</h1>"]
    if page.get("Text"):
        parts.append(f"<p>{escape(page['Text'])}</p>")
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in page.get("Facts", {}).items())
    parts.append(f"<dl>{facts}</dl>" if facts else "")
    if page.get("Link"):
        parts.append(f'<p><a href="{escape(page["Link"])}">Sign in again</a></p>')
    for name, value in page.get("Choices", ()):
        hidden = "".join(
            f'<input type="hidden" name="{escape(key)}" value="{escape(text)}">'
            for key, text in {**page["Form"], "roleIndex": value}.items()
        )
        parts.append(f'<form method="post" action="{SAML.decode()}">{hidden}<button>{escape(name)}</button></form>')
    if page.get("SignOut"):
        parts.append(f'<form method="post" action="{LOGOUT.decode()}"><button>Sign out</button></form>')
    text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>{"".join(parts)}</html>'
    return Response(status, [*headers, (b"content-type", b"text/html; charset=utf-8")], text.encode())
