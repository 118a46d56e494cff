"""Tests of the entries that a list becomes: who is named, who is not, what only the vault keeps."""

from pathlib import Path

import pytest

from ledger.entries import Entry
from ledger.kinds.donation import Donor, Visibility
from ledger.log import Ledger
from ledger.tables import VaultConsent, VaultRemark
from ledger.vault.reading import KnownDonor, consent_basis, known_donors
from ledger.vault.vault import SHOWN_CONSENT, SHOWN_ORGANISATION, Remark, commitment
from public_site.settings import Settings
from tests.charity.importing import NUMBERED_COLUMNS, run_import, write_list
from tests.ledger.entries import IDENTIFIER, stored_bodies, stored_entries

PERSON, COMPANY, CHARITY = "虚构甲乙", "示例科技有限公司", "示例慈善会"


async def imported(
    ledger: Ledger, folder: Path, *rows: str, consent: str | None = None, name: str = "list.csv"
) -> list[Entry]:
    """Return the entries of a list of these rows."""
    result = await run_import(ledger, write_list(folder, *rows, name=name), consent=consent)
    assert result.problems == []
    return (await stored_entries())[result.positions.start : result.positions.stop]


async def known(ledger: Ledger, donor: Donor) -> KnownDonor | None:
    return (await known_donors(ledger.vault, [donor.reference])).get(donor.reference)


async def test_a_person_without_consent_is_anonymous_with_a_commitment(
    ledger: Ledger, tmp_path: Path
) -> None:
    first, second = await imported(ledger, tmp_path, f"{PERSON},1,", f"{PERSON},2,")
    assert first.facts.donor.reference != second.facts.donor.reference
    for entry in (first, second):
        donor = entry.facts.donor
        found = await known(ledger, donor)
        assert donor.visibility == Visibility.ANONYMOUS
        assert found is not None
        assert (found.identity.name, found.shown, found.consent) == (PERSON, None, None)
        assert donor.commitment == commitment(PERSON, found.identity.salt)
    assert await VaultConsent.count() == 0


async def test_a_person_with_consent_is_named_and_the_basis_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    [entry] = await imported(ledger, tmp_path, f"{PERSON},1,", consent="示例表格第3条")
    assert entry.facts.donor.visibility == Visibility.NAMED
    found = await known(ledger, entry.facts.donor)
    assert found is not None
    assert (found.identity.name, found.shown) == (PERSON, SHOWN_CONSENT)
    assert found.consent is not None
    assert await consent_basis(ledger.vault, found.consent) == "示例表格第3条"


@pytest.mark.parametrize("masked", ["*静", "虚**", "某先生", "虚女士", "虚构人 138 0013 8000"])
async def test_a_masked_name_is_never_shown_and_no_identity(
    ledger: Ledger, tmp_path: Path, masked: str
) -> None:
    entries = await imported(ledger, tmp_path, f"{masked},1,", f"{masked},1,", consent="示例")
    donors = [entry.facts.donor for entry in entries]
    assert [donor.visibility for donor in donors] == [Visibility.ANONYMOUS] * 2
    assert donors[0].reference != donors[1].reference
    found = [await known(ledger, donor) for donor in donors]
    assert [donor.shown for donor in found if donor] == [None, None]


@pytest.mark.parametrize("word", ["爱心人士", "匿名", "无名氏"])
async def test_a_word_that_names_nobody_leaves_nothing_in_the_vault(
    ledger: Ledger, tmp_path: Path, word: str
) -> None:
    [entry] = await imported(ledger, tmp_path, f"{word},1,", consent="示例")
    assert entry.facts.donor.commitment is None
    assert await known(ledger, entry.facts.donor) is None


async def test_an_organisation_keeps_its_reference_over_two_lists(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = await imported(ledger, tmp_path, f"{COMPANY},1,", f"{COMPANY},2,", f"{PERSON},3,")
    second = await imported(ledger, tmp_path, f"{COMPANY},4,", f"示例{COMPANY},5,", name="b.csv")
    donors = [entry.facts.donor for entry in (*first, *second)]
    assert donors[0] == donors[1] == donors[3]
    assert len({donor.reference for donor in donors}) == 3
    found = await known(ledger, donors[3])
    assert found is not None
    assert (found.identity.name, found.shown) == (COMPANY, SHOWN_ORGANISATION)
    assert donors[3].visibility == Visibility.NAMED
    assert donors[3].commitment == commitment(COMPANY, found.identity.salt)


async def test_what_a_charity_gives_is_an_onward_transfer(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, f"{CHARITY},100,", f"{COMPANY},10,", f"{CHARITY},1,")
    result = await run_import(ledger, path)
    entries = await stored_entries()
    assert [entry.kind for entry in entries] == ["onward_transfer", "donation", "onward_transfer"]
    assert (result.transferred_rows, result.transferred_fen) == (2, 10_100)
    assert [entry.facts.amount for entry in entries] == [10_000, 1_000, 100]


async def test_payer_and_remark_are_only_in_the_vault(ledger: Ledger, tmp_path: Path) -> None:
    rows = (f"虚构丙转来{PERSON}捐款,1,虚构备注", f"{PERSON},2,", f"{PERSON},3,另一备注")
    entries = await imported(ledger, tmp_path, *rows)
    assert [entry.facts.on_behalf for entry in entries] == [True, False, False]
    sealed = {row["position"]: bytes(row["sealed"]) for row in await VaultRemark.select()}
    opened = {
        position: ledger.vault.open_remark(position, data) for position, data in sealed.items()
    }
    assert opened == {0: Remark("虚构丙", "虚构备注"), 2: Remark(remark="另一备注")}


@pytest.mark.one_engine("sqlite", "PostgreSQL's files are its server's")
@pytest.mark.parametrize("consent", [None, "示例"])
async def test_no_name_of_the_list_is_in_the_log_or_plain_in_the_database(
    ledger: Ledger, settings: Settings, tmp_path: Path, consent: str | None
) -> None:
    names = [PERSON, COMPANY, CHARITY, "虚构丙", "虚构备注", "*静丁"]
    rows = (
        f"虚构丙转来{PERSON}捐款,1,虚构备注",
        f"{COMPANY},2,",
        f"{CHARITY},3,",
        "*静丁,4,",
        f"{PERSON},5,虚构备注",
    )
    await imported(ledger, tmp_path, *rows, consent=consent and f"{PERSON}同意")
    files = [path for path in settings.home.iterdir() if path.name.startswith("charity.sqlite")]
    assert "charity.sqlite-wal" in {path.name for path in files}
    places = {path.name: path.read_bytes() for path in files}
    places["entries"] = b"\n".join(await stored_bodies())
    assert b"onward_transfer" in places["charity.sqlite-wal"]
    for name in names:
        forms = (name.encode(), name.encode("utf-16-le"), name.encode("gb18030"),
                 name.encode("unicode_escape"))  # fmt: skip
        found = [place for place, data in places.items() for form in forms if form in data]
        assert found == []


async def test_the_name_of_the_file_is_kept_nowhere(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    await imported(ledger, tmp_path, f"{PERSON},1,", name="虚构丁的捐款.csv")
    for file in settings.home.iterdir():
        assert "虚构丁".encode() not in file.read_bytes()


async def test_spellings_of_one_organisation_are_one_donor(ledger: Ledger, tmp_path: Path) -> None:
    rows = ("示例（深圳）有限公司,1,", "示例(深圳)有限公司,2,")
    first, second = await imported(ledger, tmp_path, *rows)
    assert first.facts.donor == second.facts.donor
    [third] = await imported(ledger, tmp_path, rows[1], name="b.csv")
    assert third.facts.donor == first.facts.donor


async def test_an_entry_tells_where_it_was_read(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, f"{PERSON},0.01,A1", f"{PERSON},2,", columns=NUMBERED_COLUMNS)
    result = await run_import(ledger, path)
    with_id, without = await stored_entries()
    digest = result.donation_list.file_digest
    assert with_id.id == f"transaction:{IDENTIFIER}:A1"
    assert without.id == f"file:{digest[:32]}:{without.source.sheet}:3"
    assert [(entry.source.file, entry.source.row) for entry in (with_id, without)] == [
        (digest, 2),
        (digest, 3),
    ]
    assert [entry.source.transaction for entry in (with_id, without)] == ["A1", None]
    assert [entry.facts.amount for entry in (with_id, without)] == [1, 200]
    assert {entry.day for entry in (with_id, without)} == {"2025-12-01"}


async def test_a_transaction_id_that_is_too_long_for_an_entry_stops_the_list(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (f"{PERSON},1,A1", f"{PERSON},1,{'7' * 400}")
    result = await run_import(ledger, write_list(tmp_path, *rows, columns=NUMBERED_COLUMNS))
    assert [problem.cell for problem in result.problems] == ["D3"]
    assert await stored_bodies() == []
