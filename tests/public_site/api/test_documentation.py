"""Tests of the description of the API: a valid OpenAPI 3.1 document, and the page that shows it."""

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from public_site.api.documentation import DOCUMENT, VIEWER_POLICY, description, example_command
from public_site.api.schemas import BATCH_EXAMPLE, RecordsBatch
from public_site.rendering import STATIC
from tests.public_site.api.conftest import BATCHES, Program, key
from tests.public_site.api.test_tokens import RULES
from tests.public_site.conftest import BROWSER
from tests.public_site.page_reading import read_page

METHODS = {"get", "put", "post", "delete"}
VENDOR = STATIC / "vendor" / "swagger-ui"
DIGESTS = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}
"""SHA-256 of the files as swagger-ui-dist 5.35.0 has them."""


def every(value: Any) -> Iterator[Any]:
    """Yield a document and all that is in it."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from every(inner)


def test_the_document_has_the_shape_of_openapi() -> None:
    document = description()
    assert document["openapi"].startswith("3.1.")
    assert set(document["info"]) >= {"title", "version", "description"}
    operations = [
        (method.upper(), path, said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]
    assert {(method, path) for method, path, _ in operations} == set(RULES)
    ids = [said["operationId"] for _, _, said in operations]
    assert len(set(ids)) == len(ids)
    for method, path, said in operations:
        assert said["security"] == [{"token": [RULES[method, path].value]}]
        named = {one["name"] for one in said.get("parameters", []) if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))
        assert all(re.fullmatch(r"[1-5][0-9]{2}", status) for status in said["responses"])
        assert all(answer["description"] for answer in said["responses"].values())
        assert " · " in said["summary"]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere() -> None:
    document = description()
    references = {
        value["$ref"] for value in every(document) if isinstance(value, dict) and "$ref" in value
    }
    names = {reference.removeprefix("#/components/schemas/") for reference in references}
    assert len(names) > 10
    assert names <= set(document["components"]["schemas"])


def test_patterns_stand_in_the_schemas() -> None:
    schemas = description()["components"]["schemas"]
    gift = schemas["GiftRecord"]["properties"]
    assert gift["fund"]["pattern"] == "^[a-z0-9][a-z0-9-]{0,39}$"
    assert gift["key"]["anyOf"][0]["pattern"] == "^[0-9A-Za-z._:-]{1,100}$"
    assert schemas["ListForm"]["properties"]["fund"]["pattern"] == gift["fund"]["pattern"]
    header = description()["paths"]["/api/v1/batches"]["post"]["parameters"][0]
    assert (header["name"], header["required"]) == ("Idempotency-Key", True)
    assert re.fullmatch(header["schema"]["pattern"], "a-key")


def test_errors_are_problems_in_the_description() -> None:
    for methods in description()["paths"].values():
        for said in methods.values():
            for status, answer in said["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]


@pytest.mark.skipif(
    find_spec("openapi_spec_validator") is None, reason="openapi-spec-validator is not installed"
)
def test_a_validator_finds_nothing() -> None:
    from openapi_spec_validator import validate  # type: ignore[import-not-found]

    validate(description())


def test_the_example_is_valid() -> None:
    batch = RecordsBatch.model_validate_json(json.dumps(BATCH_EXAMPLE), strict=True)
    assert len(batch.records) == 2


@pytest.mark.one_engine("sqlite", "the description comes from no table")
async def test_the_document_is_served_to_anybody(program: Program) -> None:
    client = await program(token="")
    answer = await client.get(DOCUMENT)
    assert answer.json() == description()
    same = await client.get(DOCUMENT, headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.one_engine("sqlite", "the description comes from no table")
async def test_the_page_lists_every_operation_without_a_script(
    program: Program, language: str
) -> None:
    answer = await (await program(token="")).get(f"/{language}/api", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == VIEWER_POLICY
    assert "unsafe-eval" not in VIEWER_POLICY
    page = read_page(answer.text)
    listed = {code.text.strip() for code in page.with_class("code")}
    assert {f"{method} {path}" for method, path in RULES} <= listed
    for script in page.every("script"):
        assert script.get("src").startswith("/static/")
        assert not script.text.strip()


@pytest.mark.one_engine("sqlite", "the files come from no table")
async def test_the_viewer_is_served_from_here_as_its_makers_made_it(program: Program) -> None:
    client = await program(token="")
    for name, digest in DIGESTS.items():
        answer = await client.get(f"/static/vendor/swagger-ui/{name}")
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == digest
    assert "Apache License" in (VENDOR / "LICENSE").read_text("utf-8")
    assert not list(VENDOR.glob("*.map"))


@pytest.mark.one_engine("sqlite", "it is the command that counts")
async def test_the_command_of_the_page_works(program: Program) -> None:
    command = example_command("http://localhost/api/v1")
    sent = re.search(r"--json '(.*)' (\S+)$", command)
    assert sent is not None
    client = await program()
    headers = key() | {"content-type": "application/json"}
    answer = await client.post(sent[2], content=sent[1], headers=headers)
    assert answer.status_code == 202, answer.text
    assert sent[2].endswith(BATCHES)
