"""Provides the words for acts in the access log; every act of a route has one (a test checks)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from charity.people.access_log import DONE, REFUSED
from ledger.messages import Message
from public_site.workplace.act_recording import FAILED

ACT_LABELS: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "sign_in": Message("signed in"),
        "sign_out": Message("signed out"),
        "second_factor": Message("proved the second step"),
        "recovery_code": Message("used a recovery code"),
        "second_factor.set_up": Message("set up the second step"),
        "second_factor.renew": Message("renewed the second step"),
        "recovery_codes.renew": Message("made new recovery codes"),
        "invitation.accept": Message("accepted an invitation"),
        "password.request": Message("asked for a new password"),
        "password.reset": Message("chose a new password by mail"),
        "password.change": Message("changed the password"),
        "account.change": Message("changed the own name or language"),
        "session.end": Message("ended a session"),
        "person.invite": Message("invited somebody"),
        "invitation.withdraw": Message("withdrew an invitation"),
        "role.end": Message("ended a role"),
        "person.disable": Message("disabled an account"),
        "person.enable": Message("enabled an account"),
        "second_factor.reset": Message("reset somebody’s second step"),
        "receipt.issue": Message("issued receipts of donations"),
        "receipt.void": Message("made a receipt void"),
        "receipt.open": Message("opened a receipt"),
        "receipt.download": Message("downloaded a receipt"),
        "receipts.download": Message("downloaded an archive of receipts"),
        "donors.merge": Message("merged two donors"),
        "donors.separate": Message("separated two donors"),
        "donors.answer": Message("answered a suggestion on donors"),
        "donors.relate": Message("entered a group relation"),
        "donors.end": Message("ended a group relation"),
        "access_log.download": Message("downloaded the access log"),
        "token.make": Message("made a token for a program"),
        "token.revoke": Message("revoked a token of a program"),
        "harvest.add": Message("added an address to harvest"),
        "harvest.fetch": Message("harvested an address"),
        "harvest.end": Message("ended the harvest of an address"),
        "upload_list": Message("uploaded a list"),
        "report_batch": Message("reported a batch"),
        "change_batch": Message("changed a batch"),
        "submit_batch": Message("submitted a batch"),
        "withdraw_batch": Message("withdrew a batch"),
        "approve_batch": Message("approved a batch"),
        "reject_batch": Message("sent a batch back"),
        "download_problems_of_batch": Message("downloaded the problems of a batch"),
        "donors.find": Message("searched donors by name"),
        "download_rows_of_batch": Message("downloaded the rows of a batch"),
    }
)
BATCH_ACTS: Final = frozenset(
    {
        "upload_list",
        "report_batch",
        "change_batch",
        "submit_batch",
        "withdraw_batch",
        "approve_batch",
        "reject_batch",
        "download_rows_of_batch",
    }
)
"""Acts whose subject is a batch."""

OUTCOME_LABELS: Final[Mapping[str, Message]] = MappingProxyType(
    {DONE: Message("done"), REFUSED: Message("refused"), FAILED: Message("failed")}
)


def act_label(act: str) -> Message:
    """Return the words for an act; of one that no route has any more, its name."""
    return ACT_LABELS.get(act, Message("{act}", act=act))
