"""Provides the description of the bodies that make or replace a batch."""

from dataclasses import dataclass

from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, Reference, RequestBody

from public_site.api.bodies import FORM_TYPE, JSON_TYPE
from public_site.api.schemas import BATCH_EXAMPLE

LIST_FORM = "ListForm"


def schema_reference(name: str) -> Reference:
    """Return the way to a schema of the description."""
    return Reference(ref=f"#/components/schemas/{name}")


@dataclass
class BatchBody(Operation):
    """An operation that takes a batch, in either of its two forms."""

    def __post_init__(self) -> None:
        """Describe the body: the handler reads it itself, so it has no parameter for it."""
        self.request_body = RequestBody(
            required=True,
            description=(
                "Records as JSON, at most 8 MiB, or a list as a form, at most 64 MiB."
                " 记录用 JSON(不超过 8 MiB),名单用表单上传（不超过 64 MiB）。"
            ),
            content={
                JSON_TYPE: OpenAPIMediaType(
                    schema=schema_reference("RecordsBatch"),
                    examples={
                        "gifts": Example(summary="Two gifts · 两笔捐赠", value=BATCH_EXAMPLE)
                    },
                ),
                FORM_TYPE: OpenAPIMediaType(schema=schema_reference(LIST_FORM)),
            },
        )
