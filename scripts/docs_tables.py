"""Writes the pages of the documentation that are made from the program itself: settings, operations, policy checks.

``python scripts/docs_tables.py`` writes them; a test compares them with what stands in ``docs/``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from daypass.analysis.codes import CODES, FindingType
from daypass.app import SERVICES
from daypass.catalog import catalog
from daypass.config import Config
from daypass.policy.condition_keys import CONDITION_KEYS
from daypass.protocol import Protocols

DOCS = Path(__file__).resolve().parents[1] / "docs"
TITLES = {
    "sts": "Security Token Service",
    "iam": "Identity and Access Management",
    "s3": "Simple Storage Service",
    "cloudtrail": "CloudTrail",
    "access-analyzer": "IAM Access Analyzer",
    "signin": "Sign-in (the federation endpoint and the console)",
}


def settings_page() -> str:
    """``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Each setting can be given as a flag of `daypass serve` (where there is one), as an environment variable, or in a",
        "TOML file named by `--config FILE` or `DAYPASS_CONFIG`; in this order of precedence. In the file, `a.b` is the key",
        "`b` in the table `[a]`. A setting that does not exist is refused by its name.",
        "",
        "| setting | variable | default | |",
        "|---|---|---|---|",
    ]
    for setting in fields(Config):
        name = setting.metadata["name"]
        variable = "DAYPASS_" + name.replace(".", "_").upper()
        lines.append(f"| `{name}` | `{variable}` | {_default(setting.default)} | {setting.metadata['text']} |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    match value:
        case None | "" | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{value}`"


def operations_page() -> str:
    """``docs/operations.md``."""
    protocols = Protocols.load()
    tables = {operations.service: operations.table for operations in SERVICES}
    known = {name: sorted(protocols.services[name].operation_names) for name in TITLES}
    done = sum(len(table) for table in tables.values())
    lines = [
        "# Operations",
        "",
        f"What is implemented: {done} of {sum(len(names) for names in known.values())} operations in the service models.",
        "An operation that is not implemented yet answers `NotImplemented` in the form of its own service, after the caller",
        "has been authenticated; it never answers a made-up success. This page is made from the program.",
    ]
    for service, title in TITLES.items():
        table = tables[service]
        rest = [name for name in known[service] if name not in table]
        lines += ["", f"## {title}: {len(table)} of {len(known[service])}", "", "Implemented: "]
        lines[-1] += ", ".join(f"`{name}`" for name in sorted(table)) + "."
        if rest:
            lines += ["", "Not yet: " + ", ".join(f"`{name}`" for name in rest) + "."]
    return "\n".join(lines) + "\n"


ACCESS_ANALYZER = """\
# Checking policies before they are used

`aws accessanalyzer` works against this server as against AWS, for what can be said of a policy by reading it. It needs
no analyzer. Every AWS service can be named in a policy: the data are AWS's own Service Authorization Reference, as of
{updated}.

```sh
eval "$(.venv/bin/daypass env)"
echo '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:GetObjekt","Resource":"*"}}}}' > policy.json
aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document file://policy.json \\
  --query 'findings[].findingDetails' --output text
# => The action s3:GetObjekt does not exist.
```

## What ValidatePolicy tells

One finding for each problem, with AWS's issue code, weight and text, and for each place that it is about the path through
the JSON and the span in the text (lines from 1, columns and offsets from 0, in characters; the quotes of a string belong
to it). Findings come in the order in which they stand in the text. A text that is no JSON has one finding and no other.

- `validatePolicyResourceType` goes with RESOURCE_POLICY only. Without it a statement that names STS actions and no
  resource is taken for a role trust policy's, as AWS takes it.
- Texts are in English; another `locale` is refused. A policy may have 131,072 characters and 1,000
  different actions with wildcards, a page 1,000 findings.
- Data decide what exists: a service or an action that AWS added after the date above is told as unknown.
- What IAM refuses and AWS's validation only warns of, or says nothing of, is so here, too: a missing or old `Version`
  (MISSING_VERSION), an empty list (EMPTY_ARRAY_...), a text that is no date (TYPE_MISMATCH_DATE), a wildcard in the service
  of an ARN (WILDCARD_IN_SERVICE_NAME), characters beyond Latin-1, which IAM's parameter does not take. Everything else that this server refuses to store has a finding of weight ERROR.
- WILDCARD_USAGE_TOO_PERMISSIVE and VARIABLE_USAGE_TOO_PERMISSIVE are told of the sensitive keys and of aws:userid; for
  which other keys AWS wants six characters before a wildcard it does not say.

## What the other checks prove

```sh
echo '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}}}' > old.json
echo '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"*"}}}}' > new.json
aws accessanalyzer check-no-new-access --policy-type IDENTITY_POLICY \\
  --new-policy-document file://new.json --existing-policy-document file://old.json --query result --output text
# => FAIL
aws accessanalyzer check-access-not-granted --policy-type IDENTITY_POLICY --policy-document file://old.json \\
  --access actions=s3:PutObject,s3:DeleteObject --query result --output text
# => PASS
echo '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
      "Resource":"arn:aws:s3:::b/*"}}}}' > bucket-policy.json
aws accessanalyzer check-no-public-access --resource-type AWS::S3::Bucket \\
  --policy-document file://bucket-policy.json --query result --output text
# => FAIL
```

PASS is a proof: there is no request that the policy allows and should not. FAIL names the statements for which there is
no such proof; what cannot be decided by reading, or only with more than some seconds of work, is FAIL, too. Statements are
compared one by one: a new statement whose access two old ones grant together counts as new.

- A document that no policy of its kind may be is refused with UnprocessableEntityException (422), and why. With
  RESOURCE_POLICY it may be a role trust policy or the policy of any resource.
- CheckAccessNotGranted takes wildcards in the resource ID, or `*` for all resources, and one access with up to 100 actions
  and 100 resources, as AWS does; InvalidParameterException otherwise.

## The codes

{checked} of AWS's {known} codes are checked. This list is made from the program.
"""


def access_analyzer_page() -> str:
    """``docs/access-analyzer.md``."""
    checked = {code: entry for code, entry in sorted(CODES.items()) if entry.unchecked is None}
    lines = [ACCESS_ANALYZER.format(updated=f"{catalog.updated:%Y-%m-%d}", checked=len(checked), known=len(CODES))]
    for kind in FindingType:
        names = [f"`{code}`" for code, entry in checked.items() if entry.type is kind]
        lines += [f"**{kind}** ({len(names)}): {', '.join(names)}.", ""]
    lines += ["Not checked:", "", "| code | why |", "|---|---|"]
    lines += [
        f"| `{code}` | {entry.unchecked} |" for code, entry in sorted(CODES.items()) if entry.unchecked is not None
    ]
    return "\n".join(lines) + "\n"


def condition_keys_page() -> str:
    """``docs/condition-keys.md``."""
    lines = [
        "# Condition keys",
        "",
        "The global condition keys and those of STS, IAM and S3: what each one is, who supplies it, and when it is in a",
        "request. This page is made from `src/daypass/policy/condition_keys.py`, and tests hold the server to it: what it",
        "supplies is in this table as what it is. A key that is not supplied is absent from every request, which is what",
        "`Null`, `...IfExists` and negated operators see. `many`: the key has several values, and wants `ForAllValues` or",
        "`ForAnyValue`.",
        "",
        "`${Provider}` is the URL of an OpenID provider without `https://` (`token.actions.githubusercontent.com:sub`). Every",
        "other claim of its tokens that is a text, a number, a truth value or a list of texts is a key, too.",
    ]
    for title, supplied in (("Supplied", True), ("Known, and never there", False)):
        lines += ["", f"## {title}", "", "| key | type | supplied by | present for |", "|---|---|---|---|"]
        for key in CONDITION_KEYS:
            if key.supplied is supplied:
                kind = f"{key.type}, many" if key.multivalued else key.type.value
                lines.append(f"| `{key.name}` | {kind} | {key.supplier} | {key.present} |")
    return "\n".join(lines) + "\n"


PAGES = {
    "settings.md": settings_page,
    "operations.md": operations_page,
    "access-analyzer.md": access_analyzer_page,
    "condition-keys.md": condition_keys_page,
}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
