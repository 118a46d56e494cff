"""Provides what crosses the API's boundary: what a program sends, and what it gets."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from charity.reporting.batches.records import FundCode, Name, RecordsContent, Text

BATCH_EXAMPLE: dict[str, JsonValue] = {
    "title": "2026-11 微信支付",
    "records": [
        {"kind": "gift", "day": "2026-11-20", "amount": 10000, "key": "wx-4200001"},
        {
            "kind": "gift",
            "day": "2026-11-21",
            "amount": 500000,
            "donor": {"name": "示例科技有限公司", "is_organisation": True, "choice": "with_amount"},
            "key": "wx-4200002",
        },
    ],
}
COLUMNS_MAX = 200


class RecordsBatch(RecordsContent):
    """一批记录：一条记录一件事，最多 5,000 条。A batch of records: one fact each, at most 5,000."""

    model_config = ConfigDict(json_schema_extra={"examples": [BATCH_EXAMPLE]})

    title: Name


class ListBatch(BaseModel):
    """捐赠公示名单及补充说明。A donation list as published, with what it does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fund: Annotated[FundCode, Field(description="fund that received the gifts")] = "general"
    given_day: Annotated[
        Text | None,
        Field(description="day, year or period of the gifts where the list states none"),
    ] = None
    accept: Annotated[
        tuple[Text, ...],
        Field(max_length=COLUMNS_MAX, description="problems that you accept; may be repeated"),
    ] = ()
    consent: Annotated[
        Text | None, Field(description="basis on which persons may be named; else they are hidden")
    ] = None
    columns: Annotated[
        dict[Name, Name],
        Field(max_length=COLUMNS_MAX, description="role of a column by its header, as JSON"),
    ] = {}
    receipts: Annotated[bool, Field(description="issue donation receipts when it is appended")] = (
        False
    )


def list_form_schema() -> dict[str, Any]:
    """Return the JSON schema of the form that carries a list, with its file."""
    schema = ListBatch.model_json_schema()
    schema["properties"]["file"] = {
        "type": "string",
        "format": "binary",
        "description": "XLSX, XLS or CSV, as it is published",
    }
    schema["required"] = ["file"]
    return schema


class Words(BaseModel):
    """The same sentence in both languages of the site."""

    zh: str
    en: str


class FoundProblem(BaseModel):
    """What the check found at one place, and how to mend it."""

    code: str
    message: Words
    mend: Words | None
    sheet: str | None
    cell: str | None
    header: str | None
    pointer: Annotated[str | None, Field(description="JSON pointer into the records (RFC 6901)")]
    accept: Annotated[str | None, Field(description="the word that accepts problems of this kind")]
    batch: Annotated[str | None, Field(description="id of another batch that it is about")]


class Effect(BaseModel):
    """What the batch does to one fund: minor units before and after."""

    organisation: str
    fund: str
    unit: str
    before: int
    after: int


class Report(BaseModel):
    """What the check of this version found; amounts in fen, days ISO 8601."""

    state: Literal["problems", "ready"]
    problems: list[FoundProblem]
    accepted: list[FoundProblem]
    notices: list[FoundProblem]
    rows: int
    new: int
    known: int
    skipped: int
    transferred: int
    transferred_total: int
    total: int
    stated_total: int | None
    first_day: str | None
    last_day: str | None
    effects: list[Effect]


class LedgerReceipt(BaseModel):
    """Where the batch stands in the ledger, under which root."""

    first_position: int
    entries: int
    size: Annotated[int, Field(description="entries under the root")]
    root: Annotated[str, Field(description="Merkle root, base64")]
    published_at: str


class CheckProgress(BaseModel):
    """How far the job has come."""

    stage: str
    done: int
    total: int


State = Literal[
    "checking",
    "problems",
    "ready",
    "submitted",
    "approved",
    "appended",
    "rejected",
    "withdrawn",
    "failed",
]
Content = Literal["list", "records"]


class BatchLine(BaseModel):
    """列表中的一个批次。A batch in a list."""

    id: str
    url: str
    state: State
    version: int
    content: Content
    origin: str
    fund: str | None
    made_at: str
    submitted_at: str | None
    decided_at: str | None
    appended_at: str | None


class Batch(BatchLine):
    """批次：状态、检查结果和存证位置。A batch: state, what the check found, where it stands."""

    organisation: str
    title: str
    page: Annotated[str, Field(description="address of its page in the workplace")]
    submit: Annotated[
        bool, Field(description="whether it is submitted by itself once nothing is found")
    ]
    reason: Annotated[str | None, Field(description="why it was rejected the last time")]
    progress: CheckProgress | None
    report: Report | None
    receipt: LedgerReceipt | None


class BatchPage(BaseModel):
    """批次列表，新的在前。Batches, the newest first, and the way to the older ones."""

    batches: list[BatchLine]
    next: Annotated[str | None, Field(description="address of the next page; null on the last")]


class FundOut(BaseModel):
    """A fund into which gifts are reported."""

    code: str
    name: str
    restricted: bool
    purpose: str | None


class ProjectOut(BaseModel):
    """A project on which money is spent."""

    code: str
    name: str
    fund: str
    budget: Annotated[int | None, Field(description="in fen")]


class TokenOut(BaseModel):
    """The token that made this request."""

    name: str
    scopes: list[str]
    expires_at: str


class OrganisationOut(BaseModel):
    """令牌所属机构及其资金、项目。Whose token this is, with funds and projects."""

    code: str
    name: str
    token: TokenOut
    funds: list[FundOut]
    projects: list[ProjectOut]


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901), or a parameter's name")]
    message: str
    mend: str
    messages: Words
    mends: Words


class Problem(BaseModel):
    """错误详情。Problem details (RFC 9457) in the language of Accept-Language, and in both."""

    type: Annotated[str, Field(description="address of the page that explains it")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="names this one occurrence (urn:uuid:…)")]
    code: str
    titles: Words
    details: Words
    errors: list[FieldProblem] = []


IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,100}$"
BATCH_ID = r"^[0-9a-f]{32}$"

REQUESTS: tuple[type[BaseModel], ...] = (RecordsBatch,)
ANSWERS: tuple[type[BaseModel], ...] = (Batch, BatchPage, OrganisationOut, Problem)
