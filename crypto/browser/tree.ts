/** The signed tree: the TUF client workflow from the fingerprint on, over one bundle, without memory (PROTOCOL section 8). */

import { fromHex, parseJson, toHex, utf8, type Bytes } from "./encoding.ts";
import { must, ProtocolError } from "./errors.ts";
import { sha256, verify } from "./primitives.ts";
import { parseProgramme, parseRoster, type Programme, type Roster } from "./roster.ts";

export interface Tree {
  readonly roster: Roster;
  readonly programme: Programme;
}

type Names = Record<string, unknown>;

interface Signed {
  readonly signed: Names;
  readonly signatures: readonly unknown[];
}

interface Trust {
  readonly now: Date;
  readonly files: Names;
}

/** An object, or Malformed. */
function names(value: unknown): Names {
  must(typeof value === "object" && value !== null && !Array.isArray(value), "Malformed", "not an object");
  return value as Names;
}

function string(value: unknown): string {
  must(typeof value === "string", "Malformed", "not a string");
  return value;
}

function positive(value: unknown): number {
  must(Number.isSafeInteger(value) && value as number >= 1, "Malformed", "not a positive integer");
  return value as number;
}

function items(value: unknown): unknown[] {
  must(Array.isArray(value), "Malformed", "not a list");
  return value;
}

/** OLPC canonical JSON as securesystemslib writes it: only `\` and `"` are escaped. Names are sorted as ASCII, as all of TUF's are. */
export function olpc(value: unknown): string {
  if (typeof value === "string") return `"${value.replace(/[\\"]/g, "\\$&")}"`;
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    must(Number.isSafeInteger(value), "Malformed", "not an integer");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(olpc).join(",")}]`;
  const members = names(value);
  return `{${Object.keys(members).sort().map((name) => `${olpc(name)}:${olpc(members[name])}`).join(",")}}`;
}

/** Parses a file of metadata of the given type; nothing is verified yet. */
function parseSigned(text: string, type: string): Signed {
  const file = names(parseJson(utf8(text)));
  const signed = names(file["signed"]);
  must(signed["_type"] === type && /^1\./.test(string(signed["spec_version"])), "Malformed", `not ${type} metadata`);
  positive(signed["version"]);
  return { signed, signatures: items(file["signatures"]) };
}

/** Does `signature` verify under `key`? One that does not counts for nothing. */
async function verifies(key: Names, signature: unknown, message: Bytes): Promise<Bytes | undefined> {
  if (key["keytype"] !== "ed25519" || key["scheme"] !== "ed25519") return undefined;
  try {
    const point = fromHex(string(names(key["keyval"])["public"]), 32);
    await verify(point, fromHex(string(signature), 64), message);
    return point;
  } catch {
    return undefined;
  }
}

/** Threshold unless enough distinct keys of `role` signed. `keys` and `role` come from the metadata that delegates. */
async function checkThreshold(file: Signed, keys: Names, role: Names, what: string): Promise<void> {
  const message = utf8(olpc(file.signed));
  const keyids = items(role["keyids"]).map(string);
  const threshold = positive(role["threshold"]);
  const good = new Set<string>();
  for (const entry of file.signatures) {
    const { keyid, sig } = names(entry);
    if (!keyids.includes(string(keyid)) || !Object.hasOwn(keys, string(keyid))) continue;
    const point = await verifies(names(keys[string(keyid)]), sig, message);
    // Counted by key, not by key id: two ids of one key are one signer.
    if (point !== undefined) good.add(toHex(point));
  }
  must(good.size >= threshold, "Threshold", `too few signatures on ${what}`);
}

function checkFresh(file: Signed, now: Date, what: string): void {
  const expires = string(file.signed["expires"]);
  must(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(expires) && !Number.isNaN(Date.parse(expires)), "Malformed", "not a date");
  must(Date.parse(expires) > now.getTime(), "Expired", `${what} has expired`);
}

function fileOf(files: Names, name: string): string {
  must(Object.hasOwn(files, name), "Mismatch", `${name} is not there`);
  return string(files[name]);
}

/** Mismatch if length or a hash, as far as the role above names them, differ. */
async function checkContent(text: string, meta: Names, what: string): Promise<void> {
  const bytes = utf8(text);
  must(meta["length"] === undefined || meta["length"] === bytes.length, "Mismatch", `${what} has another length`);
  for (const [algorithm, expected] of Object.entries(meta["hashes"] === undefined ? {} : names(meta["hashes"]))) {
    must(algorithm === "sha256" || algorithm === "sha512", "Malformed", "an unknown hash");
    const hash = new Uint8Array(await crypto.subtle.digest(algorithm === "sha256" ? "SHA-256" : "SHA-512", bytes));
    must(toHex(hash) === expected, "Mismatch", `${what} has another hash`);
  }
}

const roleOf = (signed: Names, name: string): Names => names(names(signed["roles"])[name]);

/** The newest root that follows from P step by step. */
async function newestRoot(programme: Bytes, { files, now }: Trust): Promise<Signed> {
  must(Object.hasOwn(files, "1.root.json"), "Malformed", "a bundle without a first root");
  let root = parseSigned(fileOf(files, "1.root.json"), "root");
  must(toHex(await sha256(utf8(olpc(root.signed)))) === toHex(programme), "Mismatch", "the root is not that of the fingerprint");
  await checkThreshold(root, names(root.signed["keys"]), roleOf(root.signed, "root"), "root 1");
  must(root.signed["version"] === 1, "Rollback", "root 1 has another version");
  for (let version = 2; Object.hasOwn(files, `${version}.root.json`); version++) {
    const next = parseSigned(fileOf(files, `${version}.root.json`), "root");
    await checkThreshold(next, names(root.signed["keys"]), roleOf(root.signed, "root"), `root ${version}, by the one before`);
    await checkThreshold(next, names(next.signed["keys"]), roleOf(next.signed, "root"), `root ${version}`);
    must(next.signed["version"] === version, "Rollback", "a root of another version");
    root = next;
  }
  checkFresh(root, now, "the root");
  return root;
}

/** Metadata that the role above describes by `meta` and that `delegator` names keys for. */
async function follow(
  meta: unknown, name: string, type: string, delegator: { keys: Names; role: Names }, { files, now }: Trust,
): Promise<Signed> {
  const described = names(meta);
  const text = fileOf(files, `${positive(described["version"])}.${name}.json`);
  await checkContent(text, described, name);
  const file = parseSigned(text, type);
  await checkThreshold(file, delegator.keys, delegator.role, name);
  must(file.signed["version"] === described["version"], "Mismatch", `${name} has another version`);
  checkFresh(file, now, name);
  return file;
}

/** The delegation of targets to `name` for the one path `name`.json. */
function delegationOf(targets: Signed, name: string): { keys: Names; role: Names } {
  const delegations = names(targets.signed["delegations"]);
  const role = items(delegations["roles"]).map(names).find((candidate) => candidate["name"] === name);
  must(role !== undefined && items(role["paths"]).includes(`${name}.json`), "Mismatch", `nothing is delegated to ${name}`);
  return { keys: names(delegations["keys"]), role };
}

/** Text of a target file, as `file` describes it. */
async function targetOf(file: Signed, path: string, targets: Names): Promise<Bytes> {
  const described = names(names(file.signed["targets"])[path] ?? {});
  must(Object.hasOwn(described, "length") && Object.hasOwn(described, "hashes"), "Mismatch", `${path} is not described`);
  const hash = string(names(described["hashes"])["sha256"]);
  const text = fileOf(targets, `${hash}.${path}`);
  await checkContent(text, described, path);
  return utf8(text);
}

/** The roster and programme of a bundle. Malformed, Mismatch, Threshold, Expired, Rollback. */
export async function verifyBundle(text: string, programme: Bytes, now: Date): Promise<Tree> {
  const bundle = names(parseJson(utf8(text)));
  const trust = { now, files: names(bundle["metadata"]) };
  const root = await newestRoot(programme, trust);
  const byRoot = (name: string): { keys: Names; role: Names } => ({ keys: names(root.signed["keys"]), role: roleOf(root.signed, name) });
  const timestamp = parseSigned(fileOf(trust.files, "timestamp.json"), "timestamp");
  await checkThreshold(timestamp, byRoot("timestamp").keys, byRoot("timestamp").role, "timestamp");
  checkFresh(timestamp, now, "timestamp");
  const snapshot = await follow(names(timestamp.signed["meta"])["snapshot.json"], "snapshot", "snapshot", byRoot("snapshot"), trust);
  const meta = names(snapshot.signed["meta"]);
  const metaOf = (name: string): unknown => {
    if (!Object.hasOwn(meta, `${name}.json`)) throw new ProtocolError("Mismatch", `the snapshot does not name ${name}`);
    return meta[`${name}.json`];
  };
  const targets = await follow(metaOf("targets"), "targets", "targets", byRoot("targets"), trust);
  const files = names(bundle["targets"]);
  const roster = await follow(metaOf("roster"), "roster", "targets", delegationOf(targets, "roster"), trust);
  const settings = await follow(metaOf("programme"), "programme", "targets", delegationOf(targets, "programme"), trust);
  return {
    roster: parseRoster(await targetOf(roster, "roster.json", files), positive(roster.signed["version"])),
    programme: parseProgramme(await targetOf(settings, "programme.json", files)),
  };
}

export { openKey } from "./roster.ts";
