/** Byte checks of points and keys (PROTOCOL section 2). WebCrypto accepts small-order values, so these come first, always. */

import { compare, fromHex, equal, type Bytes } from "./encoding.ts";
import { must } from "./errors.ts";

/** 2^255 − 19 + offset as 32 little-endian bytes; offsets −1 and 0 are all that is needed. */
const fieldPlus = (offset: number): Bytes => fromHex(`${(0xed + offset).toString(16)}${"ff".repeat(30)}7f`);
const small = (value: number): Bytes => fromHex(`0${value}${"00".repeat(31)}`);

const SMALL_POINTS = [
  small(0), small(1), fieldPlus(-1),
  fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
  fromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
];
const SMALL_KEYS = [
  small(0), small(1), fieldPlus(-1),
  fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];
const FIELD = fieldPlus(0).reverse();
/** Order of the base point, big-endian. */
const ORDER = fromHex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");

const bigEndian = (bytes: Uint8Array): Bytes => Uint8Array.from(bytes).reverse();

/** Refuses (BadPoint) an X25519 public value that is not canonical or of small order. */
export function checkPoint(point: Uint8Array): void {
  must(point.length === 32, "BadPoint", "a point has 32 bytes");
  // A scan asks this of every clue without a JIT: the last byte alone settles nearly all of them.
  const last = point[31] ?? 0xff;
  // The field prime has a clear top bit, so a set top bit fails here too.
  must(last < 0x7f || compare(bigEndian(point), FIELD) < 0, "BadPoint", "not a canonical point");
  must(!SMALL_POINTS.some((bad) => bad[31] === last && equal(bad, point)), "BadPoint", "a point of small order");
}

/** Refuses (BadKey) an Ed25519 public key, or the R of a signature, that is not canonical or of small order. */
export function checkSigningKey(key: Uint8Array): void {
  must(key.length === 32, "BadKey", "a signing key has 32 bytes");
  const y = Uint8Array.from(key);
  y[31] = (y[31] ?? 0) & 0x7f;
  must(compare(bigEndian(y), FIELD) < 0, "BadKey", "not a canonical key");
  must(!SMALL_KEYS.some((bad) => equal(bad, y)), "BadKey", "a key of small order");
}

/** Refuses (BadSignature) the second half of a signature that is not below the group order. */
export function checkScalar(scalar: Uint8Array): void {
  must(scalar.length === 32 && compare(bigEndian(scalar), ORDER) < 0, "BadSignature", "S is not reduced");
}
