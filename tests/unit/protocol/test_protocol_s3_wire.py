"""S3's arguments and answers: headers, XML from strangers, listings, errors."""

from __future__ import annotations

from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from daypass.errors import ApiError
from daypass.protocol import Protocols, Route, not_implemented
from daypass.request import Request, Response

S3 = Protocols.load(("s3",)).services["s3"]
NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def parse(method: str, target: str, *headers: tuple[str, bytes], body: bytes = b"") -> dict[str, Any]:
    path, _, query = target.partition("?")
    pairs = [(name.encode(), value) for name, value in headers]
    request = Request(method, path.encode(), query.encode(), pairs, body, "test")
    route = S3.route(request)
    assert route.refusal is None, route.refusal
    return S3.parse(route, request, b"" if route.streaming_input else body)


def refused(method: str, target: str, *headers: tuple[str, bytes], body: bytes = b"") -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse(method, target, *headers, body=body)
    return caught.value


def render(operation: str, output: dict[str, Any]) -> Response:
    return S3.render(Route("s3", operation), output, "0123456789ABCDEF")


def test_a_streaming_body_is_handed_on_untouched() -> None:
    class Unread:
        pass

    body = Unread()
    request = Request("PUT", b"/b/k", b"", [(b"content-length", b"5")], body, "test")  # type: ignore[arg-type]
    arguments = S3.parse(S3.route(request), request, b"")
    assert arguments["Body"] is body
    assert arguments["ContentLength"] == 5


def test_metadata_has_small_names_and_repeated_ones_are_joined_in_order() -> None:
    arguments = parse("PUT", "/b/k", ("x-amz-meta-a", b"1"), ("x-amz-meta-b", "é".encode()), ("x-amz-meta-a", b"2"))
    assert arguments["Metadata"] == {"a": "1,2", "b": "é"}


def test_a_header_of_aws_given_twice_is_refused() -> None:
    error = refused("PUT", "/b/k", ("x-amz-acl", b"private"), ("x-amz-acl", b"public-read"))
    assert (error.code, error.members["ArgumentName"]) == ("InvalidArgument", "x-amz-acl")


def test_a_header_in_a_presigned_query_counts_and_not_beside_itself() -> None:
    assert parse("PUT", "/b/k?x-amz-acl=private")["ACL"] == "private"
    assert refused("PUT", "/b/k?x-amz-acl=private", ("x-amz-acl", b"public-read")).code == "InvalidArgument"


def test_a_query_parameter_given_twice_is_refused() -> None:
    assert refused("GET", "/b/k?versionId=a&versionId=b").code == "InvalidArgument"


@pytest.mark.parametrize("value", ["-1", "x", "", "99999999999", "1.0"])
def test_max_keys_is_refused_in_the_words_of_aws(value: str) -> None:
    error = refused("GET", f"/b?max-keys={value}")
    assert error.message == "Argument maxKeys must be an integer between 0 and 2147483647"
    assert error.members == {"ArgumentName": "maxKeys", "ArgumentValue": value}


@pytest.mark.parametrize("value", ["0", "10001", "x"])
def test_a_part_number_has_its_range(value: str) -> None:
    error = refused("PUT", f"/b/k?partNumber={value}&uploadId=u")
    assert error.message == "Part number must be an integer between 1 and 10000, inclusive"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-amz-acl", b"", "InvalidArgument"),
        ("x-amz-acl", b"everyone", "InvalidArgument"),
        ("x-amz-storage-class", b"COLD", "InvalidStorageClass"),
        ("x-amz-server-side-encryption", b"rot13", "InvalidArgument"),
        ("x-amz-bucket-object-lock-enabled", b"maybe", None),
        ("x-amz-object-lock-retain-until-date", b"soon", "InvalidArgument"),
        ("content-length", b"x", "InvalidArgument"),
    ],
)
def test_a_header_that_is_no_value_of_its_type_is_refused(header: str, value: bytes, code: str | None) -> None:
    if code is None:  # not a header of PutObject: ignored like any other
        assert "ObjectLockEnabledForBucket" not in parse("PUT", "/b/k", (header, value))
    else:
        assert refused("PUT", "/b/k", (header, value)).code == code


def test_an_empty_copy_source_is_refused() -> None:
    error = refused("PUT", "/b/k", ("x-amz-copy-source", b""))
    assert error.message == "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"


@pytest.mark.parametrize("value", ["a%0d%0aSet-Cookie:%20x", "a%00", "a%0a"])
def test_a_response_parameter_cannot_split_a_header(value: str) -> None:
    assert refused("GET", f"/b/k?response-content-type={value}").code == "InvalidArgument"


def test_the_text_of_expires_is_kept() -> None:
    assert parse("PUT", "/b/k", ("expires", b"0"))["Expires"] == "0"
    assert (b"expires", b"0") in render("HeadObject", {"Expires": "0"}).headers


DELETE = b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key> a&amp;b </Key></Object><Quiet>true</Quiet></Delete>'


@pytest.mark.parametrize("body", [DELETE, DELETE.replace(b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', b"")])
def test_an_xml_body_is_read_with_and_without_its_namespace(body: bytes) -> None:
    assert parse("POST", "/b?delete", body=body)["Delete"] == {"Objects": [{"Key": " a&b "}], "Quiet": True}


@pytest.mark.parametrize(
    "body",
    [
        b"<Delete>",
        b"not xml",
        b"<Other/>",
        b"<Delete/>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key><New>1</New></Object></Delete>",
        b"<Delete><Object><Key><b/></Key></Object></Delete>",
        b"<Delete>text<Object><Key>a</Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Quiet>perhaps</Quiet></Delete>",
        b'<Delete xmlns="http://other.example/"><Object><Key>a</Key></Object></Delete>',
        b'<!DOCTYPE Delete [<!ENTITY x "y">]><Delete><Object><Key>&x;</Key></Object></Delete>',
        b'<!DOCTYPE Delete SYSTEM "http://169.254.169.254/"><Delete><Object><Key>a</Key></Object></Delete>',
        b'<?xml version="1.0" encoding="no-such"?><Delete><Object><Key>a</Key></Object></Delete>',
        b"<Delete><Object><Key>&#x1;</Key></Object></Delete>",
        b"<Delete><Object><Key>\xff</Key></Object></Delete>",
        b"<Delete>" * 1000 + b"</Delete>" * 1000,
        b"<Delete>" + b"<Object/>" * 300_000 + b"</Delete>",
    ],
    ids=lambda body: body[:48].decode("latin-1"),
)
def test_xml_that_is_not_what_the_schema_says_is_malformed(body: bytes) -> None:
    assert refused("POST", "/b?delete", body=body).code == "MalformedXML"


def test_a_body_that_must_be_there_is_missed() -> None:
    assert refused("POST", "/b?delete").code == "MissingRequestBodyError"
    assert refused("PUT", "/b?policy").code == "MissingRequestBodyError"
    assert parse("PUT", "/b?policy", body=b"{}")["Policy"] == "{}"
    assert "CreateBucketConfiguration" not in parse("PUT", "/b")


def test_the_location_is_the_operations_to_judge() -> None:
    body = b"<CreateBucketConfiguration><LocationConstraint>nowhere</LocationConstraint></CreateBucketConfiguration>"
    assert parse("PUT", "/b", body=body)["CreateBucketConfiguration"] == {"LocationConstraint": "nowhere"}


def test_a_grantee_has_its_type_in_an_attribute() -> None:
    body = (
        b'<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner><AccessControlList>'
        b'<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>g</ID></Grantee>'
        b"<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
    )
    grants = [{"Grantee": {"ID": "g", "Type": "CanonicalUser"}, "Permission": "READ"}]
    assert parse("PUT", "/b?acl", body=body)["AccessControlPolicy"] == {"Owner": {"ID": "o"}, "Grants": grants}
    answer = render("GetBucketAcl", {"Owner": {"ID": "o"}, "Grants": grants}).body.decode()
    assert (
        '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>g</ID></Grantee>'
        in answer
    )
    assert "<AccessControlPolicy xmlns=" in answer


def test_every_answer_with_a_body_has_the_root_that_aws_writes() -> None:
    for name in sorted(S3.operation_names):
        shape = S3.model.output_of(name)
        if shape is None or shape.payload or not any(use.location is None for use in shape.members.values()):
            continue
        body = render(name, {}).body
        root = fromstring(body.decode()).tag
        known_by_its_shape = {"ListBucketIntelligentTieringConfigurationsOutput", "ListObjectAnnotationsOutput", "PutObjectAnnotationOutput",
                              "ListDirectoryBucketsOutput", "GetBucketLifecycleOutput", "NotificationConfiguration", "NotificationConfigurationDeprecated"}  # fmt: skip
        assert not root.endswith("Output") or root.removeprefix(NS) in known_by_its_shape, (name, root)


def test_a_listing() -> None:
    output = {
        "Name": "b", "Prefix": "", "KeyCount": 1, "MaxKeys": 1000, "IsTruncated": False,
        "Contents": [{"Key": 'a "b"&<c>', "LastModified": 1_795_521_312.25, "ETag": '"e"', "Size": 0, "StorageClass": "STANDARD"}],
        "CommonPrefixes": [{"Prefix": "p/"}],
    }  # fmt: skip
    response = render("ListObjectsV2", output)
    body = response.body.decode()
    assert body.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    )
    assert "<Key>a &quot;b&quot;&amp;&lt;c&gt;</Key><LastModified>2026-11-24T11:55:12.250Z</LastModified>" in body
    assert "<ETag>&quot;e&quot;</ETag>" in body
    assert "<IsTruncated>false</IsTruncated>" in body
    assert "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" in body
    headers = dict(response.headers)
    assert headers[b"content-type"] == b"application/xml"
    assert headers[b"x-amz-request-id"] == b"0123456789ABCDEF"


def test_encoding_type_url_encodes_keys_and_prefixes_and_nothing_else() -> None:
    output = {
        "EncodingType": "url", "Prefix": "a b/", "Delimiter": "/", "NextContinuationToken": "t+/=", "StartAfter": "é",
        "Contents": [{"Key": "a b/\x01+%"}], "CommonPrefixes": [{"Prefix": "a b/c d/"}],
    }  # fmt: skip
    body = render("ListObjectsV2", output).body.decode()
    assert "<Key>a+b/%01%2B%25</Key>" in body
    assert "<Prefix>a+b/</Prefix>" in body
    assert "<CommonPrefixes><Prefix>a+b/c+d/</Prefix></CommonPrefixes>" in body
    assert "<StartAfter>%C3%A9</StartAfter>" in body
    assert "<NextContinuationToken>t+/=</NextContinuationToken>" in body


def test_without_it_a_control_character_is_a_reference_as_on_aws() -> None:
    assert "<Key>a&#x1;b&#13;</Key>" in render("ListObjects", {"Contents": [{"Key": "a\x01b\r"}]}).body.decode()


def test_the_location_is_its_own_root() -> None:
    body = render("GetBucketLocation", {"LocationConstraint": "eu-west-1"}).body.decode()
    assert body.endswith(
        '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>'
    )
    assert fromstring(render("GetBucketLocation", {}).body.decode()).text is None


def test_a_download_passes_through_with_its_headers() -> None:
    class Stream:
        length = 5

    stream = Stream()
    output = {"Body": stream, "ContentLength": 5, "ETag": '"e"', "ContentRange": "bytes 0-4/9", "HTTPStatusCode": 206, "Metadata": {"A": "é"},
              "LastModified": 1_795_521_312, "ContentType": "text/plain"}  # fmt: skip
    response = render("GetObject", output)
    assert response.status == 206
    assert response.body is stream
    headers = dict(response.headers)
    assert headers[b"x-amz-meta-a"] == b"=?UTF-8?B?w6k=?="
    assert headers[b"last-modified"] == b"Tue, 24 Nov 2026 11:55:12 GMT"
    assert headers[b"content-type"] == b"text/plain"
    assert b"content-length" not in headers


def test_a_head_says_its_length_and_has_no_body() -> None:
    response = render("HeadObject", {"ContentLength": 5})
    assert (b"content-length", b"5") in response.headers
    assert response.body == b""


def test_a_header_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="line break"):
        render("GetObject", {"ContentType": "a\r\nb: c"})


def test_success_statuses_are_the_models() -> None:
    assert render("DeleteObject", {}).status == 204
    assert render("PutObject", {"ETag": '"e"'}).status == 200


def test_a_policy_is_answered_as_json() -> None:
    response = render("GetBucketPolicy", {"Policy": "{}"})
    assert (dict(response.headers)[b"content-type"], response.body) == (b"application/json", b"{}")


def test_an_error() -> None:
    error = ApiError("NoSuchKey", None, members={"Key": "<a>"})
    response = S3.render_error(None, error, "0123456789ABCDEF", head=False)
    assert response.status == 404
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>'
        "<Key>&lt;a&gt;</Key><RequestId>0123456789ABCDEF</RequestId><HostId>ZGF5cGFzcw==</HostId></Error>"
    )
    assert dict(response.headers)[b"content-type"] == b"application/xml"


def test_an_error_to_head_and_a_304_have_no_body() -> None:
    assert S3.render_error(None, ApiError("NoSuchKey", None), "id", head=True).body == b""
    response = S3.render_error(None, ApiError("NotModified", None, headers={"ETag": '"e"'}), "id", head=False)
    assert (response.status, response.body) == (304, b"")
    assert (b"etag", b'"e"') in response.headers


def test_an_operation_that_is_not_there_yet() -> None:
    response = S3.render_error(None, not_implemented("s3", "PutBucketCors"), "id", head=False)
    assert response.status == 501
    assert b"<Operation>PutBucketCors</Operation>" in response.body


def test_a_body_that_is_too_long_is_a_new_refusal_each_time() -> None:
    assert isinstance(S3.too_large, ApiError)
    assert S3.too_large is not S3.too_large
    assert S3.too_large.members == {"MaxMessageLengthBytes": S3.body_limit}
