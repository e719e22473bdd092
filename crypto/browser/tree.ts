/** The signed tree: the TUF client workflow from the fingerprint on, over one bundle (PROTOCOL section 8). */

import { STALE_DAYS, TIMESTAMP_DAYS } from "./constants.ts";
import { compare, fromHex, isObject, parseJson, toHex, utf8, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";
import { sha256, verify } from "./primitives.ts";
import {
  checkNotice, dayOf, parseProgramme, parseRoster, parseSuspensions, type Programme, type Roster, type Suspension,
} from "./roster.ts";

export interface Tree {
  readonly roster: Roster;
  readonly suspensions: readonly Suspension[];
  readonly programme: Programme;
  /** Of every role, as verified. */
  readonly versions: Versions;
  /** Not renewed for five days: to be said. */
  readonly stale: boolean;
}

/** The sign keys (hex) suspended on a day. */
export function suspendedOn({ suspensions }: Tree, now: Date): ReadonlySet<string> {
  const today = dayOf(now);
  return new Set(suspensions.filter(({ from, until }) => from <= today && today <= until).map(({ sign }) => sign));
}

type Versions = Readonly<Record<string, number>>;

type Names = Record<string, unknown>;

interface Signed {
  readonly signed: Names;
  readonly signatures: readonly unknown[];
}

/** What a walk down the tree knows, and the versions that it has accepted. */
interface Walk {
  readonly files: Names;
  readonly now: Date;
  readonly seen: Versions;
  readonly accepted: Record<string, number>;
}

/** Metadata that names keys and roles for the level below. */
interface Delegator {
  readonly keys: Names;
  readonly role: Names;
}

function as<T>(good: boolean, value: unknown, what: string): T {
  must(good, "Malformed", `not ${what}`);
  return value as T;
}
const names = (value: unknown): Names => as(isObject(value), value, "an object");
const items = (value: unknown): unknown[] => as(Array.isArray(value), value, "a list");
const string = (value: unknown): string => as(typeof value === "string", value, "a string");
const positive = (value: unknown): number => as(Number.isSafeInteger(value) && value as number >= 1, value, "a positive integer");

/** OLPC canonical JSON as securesystemslib writes it: only `\` and `"` are escaped, names in the order of their code points. */
export function olpc(value: unknown): string {
  if (typeof value === "string") return `"${value.replace(/[\\"]/g, "\\$&")}"`;
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return String(as(Number.isSafeInteger(value), value, "an integer"));
  if (Array.isArray(value)) return `[${value.map(olpc).join(",")}]`;
  const members = names(value);
  // The default sort compares UTF-16 code units; UTF-8 has the order of code points.
  const sorted = Object.keys(members).sort((a, b) => compare(utf8(a), utf8(b)));
  return `{${sorted.map((name) => `${olpc(name)}:${olpc(members[name])}`).join(",")}}`;
}

/** Parses a file of metadata of the given type; nothing is verified yet. */
function parseSigned(text: string, type: string): Signed {
  const file = names(parseJson(utf8(text)));
  const signed = names(file["signed"]);
  must(signed["_type"] === type && /^1\./.test(string(signed["spec_version"])), "Malformed", `not ${type} metadata`);
  positive(signed["version"]);
  const signatures = items(file["signatures"]);
  const keyids = new Set(signatures.map((entry) => string(names(entry)["keyid"])));
  must(keyids.size === signatures.length, "Malformed", "a key id twice");
  return { signed, signatures };
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

/** Threshold unless enough distinct keys of the role signed. */
async function checkThreshold(file: Signed, { keys, role }: Delegator, what: string): Promise<void> {
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

/** Rollback below a version seen before, Expired if it is not fresh, Mismatch above the number of seconds since 1970. */
function accept(file: Signed, role: string, { now, seen, accepted }: Walk): Signed {
  const version = positive(file.signed["version"]);
  must(version >= (seen[role] ?? 0), "Rollback", `${role} is older than what was seen`);
  const expires = string(file.signed["expires"]);
  must(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(expires) && !Number.isNaN(Date.parse(expires)), "Malformed", "not a date");
  must(Date.parse(expires) > now.getTime(), "Expired", `${role} has expired`);
  // Else one signer could take the last number there is, and nothing newer could ever follow.
  must(version <= now.getTime() / 1000, "Mismatch", `${role} has an impossible version`);
  accepted[role] = version;
  return file;
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

const byRoot = ({ signed }: Signed, name: string): Delegator =>
  ({ keys: names(signed["keys"]), role: names(names(signed["roles"])[name]) });

/** The newest root that follows from P step by step. Only the last one must not have expired. */
async function newestRoot(programme: Bytes, walk: Walk): Promise<Signed> {
  const { files } = walk;
  must(Object.hasOwn(files, "1.root.json"), "Malformed", "a bundle without a first root");
  let root = parseSigned(fileOf(files, "1.root.json"), "root");
  must(toHex(await sha256(utf8(olpc(root.signed)))) === toHex(programme), "Mismatch", "the root is not that of the fingerprint");
  await checkThreshold(root, byRoot(root, "root"), "root 1");
  must(root.signed["version"] === 1, "Rollback", "root 1 has another version");
  for (let version = 2; Object.hasOwn(files, `${version}.root.json`); version++) {
    const next = parseSigned(fileOf(files, `${version}.root.json`), "root");
    for (const signer of [root, next]) await checkThreshold(next, byRoot(signer, "root"), `root ${version}`);
    must(next.signed["version"] === version, "Rollback", "a root of another version");
    root = next;
  }
  return accept(root, "root", walk);
}

/** Metadata `name` that `above` describes by version, length and hashes and that `delegator` names keys for. */
async function follow(above: Signed, name: string, type: string, delegator: Delegator, walk: Walk): Promise<Signed> {
  const meta = names(above.signed["meta"]);
  must(Object.hasOwn(meta, `${name}.json`), "Mismatch", `${name} is not named above`);
  const described = names(meta[`${name}.json`]);
  const text = fileOf(walk.files, `${positive(described["version"])}.${name}.json`);
  await checkContent(text, described, name);
  const file = parseSigned(text, type);
  await checkThreshold(file, delegator, name);
  must(file.signed["version"] === described["version"], "Mismatch", `${name} has another version`);
  return accept(file, name, walk);
}

/** The delegation of targets to `name` for the one path `name`.json. */
function delegationOf(targets: Signed, name: string): Delegator {
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

/**
 * What a bundle says. Malformed, WrongVersion, Mismatch, Threshold, Expired, Rollback.
 * `seen` holds versions known from before, by role; a page has no memory and gives none.
 */
export async function verifyBundle(text: string, programme: Bytes, now: Date, seen: Versions = {}): Promise<Tree> {
  const bundle = names(parseJson(utf8(text)));
  const walk: Walk = { files: names(bundle["metadata"]), now, seen, accepted: {} };
  const root = await newestRoot(programme, walk);
  const timestamp = parseSigned(fileOf(walk.files, "timestamp.json"), "timestamp");
  await checkThreshold(timestamp, byRoot(root, "timestamp"), "timestamp");
  accept(timestamp, "timestamp", walk);
  const daysLeft = (Date.parse(string(timestamp.signed["expires"])) - now.getTime()) / 86_400_000;
  must(daysLeft <= TIMESTAMP_DAYS, "Mismatch", "the timestamp would hold the tree still for longer than anybody may");
  const snapshot = await follow(timestamp, "snapshot", "snapshot", byRoot(root, "snapshot"), walk);
  const targets = await follow(snapshot, "targets", "targets", byRoot(root, "targets"), walk);
  const fileIn = async (name: string): Promise<Bytes> => {
    const delegated = await follow(snapshot, name, "targets", delegationOf(targets, name), walk);
    return targetOf(delegated, `${name}.json`, names(bundle["targets"]));
  };
  const files = [await fileIn("roster"), await fileIn("programme"), await fileIn("suspensions")] as const;
  const roster = parseRoster(files[0], walk.accepted["roster"] ?? 0);
  const settings = parseProgramme(files[1]);
  checkNotice(roster, settings);
  const suspensions = parseSuspensions(files[2]);
  return { roster, suspensions, programme: settings, versions: walk.accepted, stale: daysLeft <= STALE_DAYS };
}
