// Checks a receipt: files and keys in, one answer for each step out. It knows no page and no network.
//
// The leaf hash must lead to the root by the inclusion proof (RFC 9162, 2.1.3.2), and the root must
// stand in a checkpoint that the log signed (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

const COMMITMENT_CONTEXT = "charity-city/donor-commitment/v1\n";
const TIME_BYTES = 8;

// Yields { name, state, code, values } for each step; stops after the first that is not passed.
async function* check(files, keyText) {
  const subject = { files: [...files], keyText };
  for (const [name, step] of Object.entries(STEPS)) {
    try {
      yield { name, state: "good", values: {}, ...(await step(subject)) };
    } catch (error) {
      const { state, code, values } = error instanceof Failure ? error : new Failure("unexpected");
      yield { name, state, code, values };
      return;
    }
  }
}

const STEPS = {
  async read(subject) {
    require(subject.files.length <= 2, "many_files");
    const texts = await Promise.all(subject.files.map(textOf));
    Object.assign(subject, texts.length === 2 ? pairOf(texts) : receiptOf(texts[0]));
    return { code: texts.length === 2 ? "read_pair" : "read_receipt", values: { format: FORMAT } };
  },

  async entry(subject) {
    const value = canonicalObject(subject.entryText);
    require(value !== null, "entry_form");
    require(isEntry(value), "entry_shape");
    subject.entry = value;
    subject.bytes = encode(subject.entryText);
    return { code: "entry_good", values: { bytes: subject.bytes.length, entry: value } };
  },

  async leaf(subject) {
    subject.leaf = await sha256(Uint8Array.of(0), subject.bytes);
    return { code: "leaf_good", values: { hash: hex(subject.leaf) } };
  },

  async inclusion(subject) {
    const proof = proofOf(subject.proofText);
    Object.assign(subject, noteOf(proof.note));
    const { size, root } = (subject.checkpoint = checkpointOf(subject.text));
    require(proof.index < size, "outside", { index: proof.index, size });
    const reached = await rootFrom(subject.leaf, proof.index, size, proof.hashes);
    require(hex(reached) === hex(root), "other_root");
    const values = { count: proof.hashes.length, index: proof.index, size };
    return { code: "inclusion_good", values };
  },

  async signature(subject) {
    const { origin, size } = subject.checkpoint;
    const keys = await keysOf(subject.keyText);
    const own = keys.filter((key) => key.type === ED25519 && key.name === origin);
    const names = keys.map((key) => key.name).join(", ");
    require(own.length, keys.length ? "other_log" : "no_key", { origin, names });
    const signers = await signersAmong(own, subject, "bad_signature");
    require(signers.length, "no_signature", { origin });
    subject.witnesses = keys.filter((key) => !own.includes(key));
    return { code: "signature_good", values: { origin, size, id: signers[0].id } };
  },

  async witnesses(subject) {
    const signers = await signersAmong(subject.witnesses, subject, "bad_cosignature");
    if (!signers.length) return { state: "none", code: "no_witness" };
    return { code: "witnesses_good", values: { names: signers.map(({ name }) => name).join(", ") } };
  },

  async opening(subject) {
    if (!subject.opening) return { state: "none", code: "no_opening" };
    const { name, salt } = subject.opening;
    const { donor, settlor } = subject.entry.facts ?? {};
    const expected = (donor ?? settlor)?.commitment;
    require(typeof expected === "string", "no_commitment");
    const opened = await sha256(encode(COMMITMENT_CONTEXT), fromHex(salt), encode(name));
    require(hex(opened) === expected, "other_commitment", { name });
    return { code: "opening_good", values: { name } };
  },
};

// Mathematics

async function rootFrom(leaf, index, size, hashes) {
  let [hash, node, last] = [leaf, index, size - 1];
  for (const sibling of hashes) {
    require(last > 0, "proof_long");
    const onTheLeft = node % 2 === 1 || node === last;
    hash = await sha256(Uint8Array.of(1), ...(onTheLeft ? [sibling, hash] : [hash, sibling]));
    // A last node without a partner rises unchanged until it is a right child.
    while (onTheLeft && node % 2 === 0) [node, last] = [node / 2, Math.floor(last / 2)];
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  require(last === 0, "proof_short");
  return hash;
}

// Returns those of the keys that signed; a line that bears a key's name and id must be good.
async function signersAmong(keys, { text, lines }, code) {
  const signers = new Set();
  for (const line of lines) {
    const key = keys.find(({ name, id }) => name === line.name && id === line.id);
    if (!key) continue;
    require(await isSigned(key, text, line.signature), code, { name: key.name });
    signers.add(key);
  }
  return [...signers];
}

async function isSigned({ type, publicKey }, text, signature) {
  if (type === ED25519) return ed25519(publicKey, signature, encode(text));
  if (signature.length <= TIME_BYTES) return false;
  const seconds = new DataView(signature.buffer).getBigUint64(0); // big-endian
  const message = encode(`cosignature/v1\ntime ${seconds}\n${text}`);
  return ed25519(publicKey, signature.slice(TIME_BYTES), message);
}

async function ed25519(publicKey, signature, message) {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    throw new Failure("no_ed25519", {}, "unable");
  }
}

async function sha256(...parts) {
  if (!globalThis.crypto?.subtle) throw new Failure("no_crypto", {}, "unable");
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}
