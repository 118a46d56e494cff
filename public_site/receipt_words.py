"""Provides the words of the page that checks receipts: every answer that its script can give."""

from ledger.messages import Message, Translate

STEPS = {
    "read": Message("The file"),
    "entry": Message("The entry"),
    "leaf": Message("Its fingerprint"),
    "inclusion": Message("Its place in the log"),
    "signature": Message("The log’s signature"),
    "witnesses": Message("The witnesses"),
    "opening": Message("The donor"),
}

VERDICTS = {
    "good": Message("This receipt is good"),
    "good_meaning": Message(
        "Entry #{index} stands in the log {origin} exactly as shown here, under a signed checkpoint"
        " of {size} entries."
    ),
    "bad": Message("This receipt does not hold"),
    "bad_meaning": Message(
        "The step marked ✗ failed, and nothing after it was checked. Do not rely on this file; ask"
        " whoever gave it to you for another, or download it again from the page of the entry."
    ),
    "read": Message("This is no receipt that can be checked"),
    "other_log": Message("This receipt is of another log"),
    "unable": Message("This check could not be finished"),
    "unable_meaning": Message(
        "Nothing is proved and nothing disproved. See the step marked with a question mark."
    ),
}

STATES = {
    "good": Message("Passed"),
    "bad": Message("Failed"),
    "unable": Message("Could not be checked"),
    "none": Message("Nothing to check"),
    "waiting": Message("Not checked"),
}

PASSED = {
    "read_receipt": Message("A receipt of the form {format}."),
    "read_pair": Message("An entry and its inclusion proof."),
    "entry_good": Message("{bytes} bytes in canonical form: there is no other way to write them."),
    "leaf_good": Message("SHA-256 of these bytes, as a leaf of the tree: {hash}"),
    "inclusion_good": Message(
        "From entry #{index}, {count} hashes lead up to the root over all {size} entries."
    ),
    "signature_good": Message(
        "The log {origin} signed its checkpoint over {size} entries (Ed25519, key {id})."
    ),
    "witnesses_good": Message("The checkpoint was cosigned by: {names}."),
    "no_witness": Message("No witness whose key is given here cosigned the checkpoint."),
    "no_opening": Message("The receipt does not say who the donor is; it need not."),
    "opening_good": Message(
        "The gift was made by {name}: the name and the salt open the donor’s commitment."
    ),
}

FILE_FAILURES = {
    "many_files": Message("Choose one receipt, or one entry together with its proof."),
    "empty": Message("The file is empty."),
    "large": Message("The file is larger than {most} bytes, and so it is no receipt."),
    "unreadable": Message("The file cannot be read; perhaps it is a folder."),
    "not_text": Message("The file is not text in UTF-8, and so it is no receipt."),
    "not_receipt": Message(
        "The file is not a receipt, or some program rewrote it. A receipt must stay byte for byte"
        " as it was downloaded."
    ),
    "other_format": Message("This page only knows receipts of the form {format}."),
    "only_proof": Message("This is only the proof. Choose the entry’s file together with it."),
    "only_entry": Message("This is only the entry. Choose its .tlog-proof file together with it."),
    "not_pair": Message("Neither of the two files is an inclusion proof (.tlog-proof)."),
}

PROOF_FAILURES = {
    "entry_form": Message(
        "The entry is not canonical JSON, as every entry of the log is: it was changed or cut off."
    ),
    "entry_shape": Message("This is no entry of a donation ledger: day, kind or postings lack."),
    "proof_form": Message("The inclusion proof is damaged: it does not follow its form."),
    "note_form": Message("The signed checkpoint is damaged: it does not follow its form."),
    "outside": Message(
        "The checkpoint covers {size} entries; an entry at place {index} is not among them."
    ),
    "proof_long": Message("The proof has more hashes than the way to the root has steps."),
    "proof_short": Message("The proof ends before the root: hashes are missing."),
    "other_root": Message(
        "The hashes lead to another root than the checkpoint’s. The entry, the proof or the"
        " checkpoint was changed, or they do not belong together."
    ),
}

SIGNATURE_FAILURES = {
    "no_key": Message("No key is given. Without the log’s key nobody can check who signed."),
    "key_form": Message("This is no verifier key: {line}"),
    "other_log": Message(
        "The checkpoint is of the log {origin}, and the keys given here are of: {names}. If you"
        " know that log’s key from a source that you trust, add it below. A key taken from the"
        " file itself would prove only that the file agrees with itself."
    ),
    "no_signature": Message(
        "The log {origin} did not sign this checkpoint with the key given here: somebody else"
        " wrote it, or the log has another key now."
    ),
    "bad_signature": Message(
        "The signature of {name} is not good: the checkpoint was changed after it was signed, or"
        " it was forged."
    ),
    "bad_cosignature": Message(
        "The cosignature of {name} is not good: the witness did not sign this checkpoint."
    ),
    "no_commitment": Message(
        "The receipt names a donor, but the entry holds no commitment that could be opened."
    ),
    "other_commitment": Message(
        "The name {name} and the salt do not open the donor’s commitment: the gift is in the log,"
        " but this is not the name it was made under."
    ),
    "no_ed25519": Message(
        "This browser cannot check Ed25519 signatures. Use a newer one, or the command: charity"
        " verify FILE.receipt.json --key KEY"
    ),
    "no_crypto": Message(
        "This browser offers no cryptography on a page without HTTPS. Keep this checker as a file"
        " and open that, or use the command: charity verify FILE.receipt.json --key KEY"
    ),
    "unexpected": Message("Something in the file could not be handled; take it as not proved."),
}

FACTS = {
    "amount": Message("Amount"),
    "nothing": Message("This entry moves no money."),
    "kind": Message("Kind"),
    "day": Message("Date"),
    "organisation": Message("Organisation (code)"),
    "donor": Message("Donor"),
    "place": Message("Entry"),
    "checked": Message("Checked: {files}"),
}


def script_words(translate: Translate) -> dict[str, dict[str, str]]:
    """Return what the script says, in one language, by group and code; `{places}` stay open."""
    groups = {
        "steps": STEPS,
        "verdicts": VERDICTS,
        "states": STATES,
        "answers": {**PASSED, **FILE_FAILURES, **PROOF_FAILURES, **SIGNATURE_FAILURES},
        "facts": FACTS,
    }
    return {
        group: {code: translate(message.template) for code, message in messages.items()}
        for group, messages in groups.items()
    }
