// Provides the formats of a receipt: receipt file, entry, .tlog-proof, signed note, verifier key.
//
// The parsers are as strict as those of `charity verify`: one meaning, one way to write it. The site
// puts this file, receipt-check.js and receipt-page.js one after the other into the page itself.

const FORMAT = "charity-city/receipt/v1";
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const BYTES_MAX = 1_000_000;
const HASH_BYTES = 32;
const HASHES_MAX = 63;
const SIGNATURES_MAX = 100;
const KEY_ID_BYTES = 4;
const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const ML_DSA = 0x06;

class Failure extends Error {
  constructor(code, values = {}, state = "bad") {
    super(code);
    Object.assign(this, { code, values, state });
  }
}

const require = (condition, code, values) => {
  if (!condition) throw new Failure(code, values);
};

// Files

async function textOf(file) {
  require(file.size > 0, "empty");
  require(file.size <= BYTES_MAX, "large", { most: BYTES_MAX });
  const bytes = await file.arrayBuffer().catch(() => null);
  require(bytes !== null, "unreadable");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure("not_text");
  }
}

function pairOf(texts) {
  const proof = texts.findIndex((text) => text.startsWith(`${PROOF_HEADER}\n`));
  require(proof >= 0, "not_pair");
  return { proofText: texts[proof], entryText: texts[1 - proof] };
}

function receiptOf(text) {
  require(!text.startsWith(`${PROOF_HEADER}\n`), "only_proof");
  const value = canonicalObject(text.replace(/\n$/, ""));
  require(value !== null, "not_receipt");
  require(!("postings" in value), "only_entry");
  const { entry, format, log_key, opening, proof, witness_keys, ...rest } = value;
  require(format === FORMAT, "other_format", { format: FORMAT });
  const witnesses = witness_keys === undefined ? [""] : witness_keys;
  const texts = Array.isArray(witnesses) && witnesses.length ? witnesses : [null];
  const sound = [entry, log_key, proof, ...texts].every((each) => typeof each === "string");
  const whole = sound && Object.keys(rest).length === 0;
  require(whole && (opening === undefined || isOpening(opening)), "not_receipt");
  return { entryText: entry, proofText: proof, opening };
}

function isOpening(value) {
  const { name, salt, ...rest } = value ?? {};
  const named = typeof name === "string" && name !== "" && Object.keys(rest).length === 0;
  return named && typeof salt === "string" && /^[0-9a-f]{64}$/.test(salt);
}

function isEntry({ day, kind, organisation, postings }) {
  const isPosting = (each) => Number.isInteger(each?.amount) && typeof each.unit === "string";
  const texts = [day, kind, organisation ?? ""].every((each) => typeof each === "string");
  return texts && Array.isArray(postings) && postings.every(isPosting);
}

// Canonical JSON: the object that a text stands for; null if there is another way to write it.
function canonicalObject(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && canonical(value) === text ? value : null;
  } catch {
    return null;
  }
}

function canonical(value) {
  if (value === null) return "null";
  require(typeof value === "number" ? Number.isSafeInteger(value) : true);
  require(typeof value === "string" ? value.isWellFormed() : true);
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort();
  require(names.every((name) => /^[\x00-\x7f]*$/.test(name)));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

// Proof, note, checkpoint, keys

function proofOf(text) {
  const [head, note] = cut(text, text.indexOf("\n\n"), "proof_form");
  const [header, ...lines] = head.split("\n");
  if (lines[0]?.startsWith("extra ")) fromBase64(lines.shift().slice(6), "proof_form");
  const index = lines.shift() ?? "";
  const formed = header === PROOF_HEADER && index.startsWith("index ") && note !== "";
  require(formed && lines.length <= HASHES_MAX, "proof_form");
  return {
    index: decimal(index.slice(6), "proof_form"),
    hashes: lines.map((line) => fromBase64(line, "proof_form", HASH_BYTES)),
    note,
  };
}

function noteOf(note) {
  const formed = !/[\x00-\x09\x0b-\x1f]/.test(note) && note.endsWith("\n");
  const [before, after] = cut(note, note.lastIndexOf("\n\n"), "note_form");
  const lines = after.split("\n").slice(0, -1);
  require(formed && lines.length >= 1 && lines.length <= SIGNATURES_MAX, "note_form");
  return { text: `${before}\n`, lines: lines.map(signatureOf) };
}

function signatureOf(line) {
  const [, name, material] = /^— ([^ ]+) ([^ ]+)$/u.exec(line) ?? [];
  require(name !== undefined && isName(name), "note_form");
  const data = fromBase64(material, "note_form");
  require(data.length > KEY_ID_BYTES, "note_form");
  return { name, id: hex(data.slice(0, KEY_ID_BYTES)), signature: data.slice(KEY_ID_BYTES) };
}

function checkpointOf(text) {
  const [origin, size, root, ...more] = text.slice(0, -1).split("\n");
  require(origin && root && more.every((line) => line !== ""), "note_form");
  return { origin, size: decimal(size, "note_form"), root: fromBase64(root, "note_form", HASH_BYTES) };
}

async function keysOf(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = await Promise.all(lines.filter(Boolean).map(keyOf));
  return keys.filter((key) => key.type !== ML_DSA); // no browser checks these signatures yet
}

async function keyOf(line) {
  const [, name, id, material] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(line) ?? [];
  require(name !== undefined && isName(name), "key_form", { line });
  const data = fromBase64(material, "key_form", undefined, { line });
  const [type, publicKey] = [data[0], data.slice(1)];
  const known = [ED25519, COSIGNATURE].includes(type) && publicKey.length === HASH_BYTES;
  require(known || type === ML_DSA, "key_form", { line });
  const digest = await sha256(encode(`${name}\n`), data);
  require(hex(digest.slice(0, KEY_ID_BYTES)) === id, "key_form", { line });
  return { name, id, type, publicKey };
}

const isName = (name) => !/[\p{White_Space}\x00-\x1f+]/u.test(name);

// Texts and bytes

const encode = (text) => new TextEncoder().encode(text);

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));

function fromBase64(text, code, length, values) {
  try {
    const letters = atob(text);
    require(btoa(letters) === text && (length ?? letters.length) === letters.length);
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  } catch {
    throw new Failure(code, values);
  }
}

function decimal(text, code) {
  const number = Number(text);
  require(/^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(number), code);
  return number;
}

function cut(text, emptyLine, code) {
  require(emptyLine >= 0, code);
  return [text.slice(0, emptyLine), text.slice(emptyLine + 2)];
}
