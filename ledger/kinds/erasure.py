"""Provides the kind `erasure`: that personal data were destroyed, without telling whose.

Source: 《个人信息保护法》 art. 47, which lists when personal information must be deleted.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from ledger.entries import Facts
from ledger.kinds.kind import Kind


class ErasureGround(StrEnum):
    """Why personal data were destroyed, by the items of art. 47.

    PURPOSE_ACHIEVED: no longer needed, or never to be. SERVICE_ENDED: it ended, or the time of
    keeping is over. CONSENT_WITHDRAWN. UNLAWFUL: data were processed against law or agreement.
    REQUIRED: another law or rule demands it.
    """

    PURPOSE_ACHIEVED = "purpose_achieved"
    SERVICE_ENDED = "service_ended"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNLAWFUL = "unlawful"
    REQUIRED = "required"


class ErasureFacts(Facts, frozen=True):
    """Facts of an erasure: how many donors, on what ground.

    It refers to no entry and no donor, so that it does not link a person's anonymous gifts.
    """

    count: Annotated[int, msgspec.Meta(ge=1, le=10**9)]
    ground: ErasureGround


ERASURE = Kind("erasure", ErasureFacts, of_log=True)
