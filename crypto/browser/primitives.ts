/** The few WebCrypto calls that all modules share; `@hpke` supplies only HPKE and ML-KEM. */

import { concat, fromB64, fromHex, type Bytes } from "./encoding.ts";
import { ProtocolError } from "./errors.ts";
import { checkPoint, checkScalar, checkSigningKey } from "./points.ts";

export interface KeyPair {
  readonly public: Bytes;
  readonly private: CryptoKey;
}

// RFC 8410 PrivateKeyInfo up to the 32 bytes of the key: WebCrypto imports private keys of these curves in no shorter form.
const PKCS8 = { X25519: fromHex("302e020100300506032b656e04220420"), Ed25519: fromHex("302e020100300506032b657004220420") };

export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

/** HKDF-SHA256; `length` in bytes. */
export async function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8));
}

/** A key pair from 32 private bytes. The public half comes from a JWK export; the handle that is kept cannot be exported. */
export async function pairOf(curve: "X25519" | "Ed25519", secret: Bytes): Promise<KeyPair> {
  const pkcs8 = concat(PKCS8[curve], secret);
  const usages: KeyUsage[] = curve === "X25519" ? ["deriveBits"] : ["sign"];
  const jwk = await crypto.subtle.exportKey("jwk", await crypto.subtle.importKey("pkcs8", pkcs8, curve, true, usages));
  return { public: fromB64(jwk.x ?? "", 32), private: await crypto.subtle.importKey("pkcs8", pkcs8, curve, false, usages) };
}

/** X25519 with the checks of section 2: 32 bytes, or BadPoint. */
export async function agree(secret: CryptoKey, point: Bytes): Promise<Bytes> {
  checkPoint(point);
  try {
    const key = await crypto.subtle.importKey("raw", point, "X25519", false, []);
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: key }, secret, 256));
    for (const byte of shared) if (byte !== 0) return shared;
  } catch {
    // Engines refuse an all-zero result by an error of their own.
  }
  throw new ProtocolError("BadPoint", "no shared secret");
}

export async function sign(pair: KeyPair, message: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", pair.private, message));
}

/** Ed25519 verification with the checks of section 2 first; BadKey or BadSignature. */
export async function verify(key: Bytes, signature: Bytes, message: Bytes): Promise<void> {
  checkSigningKey(key);
  if (signature.length !== 64) throw new ProtocolError("BadSignature", "a signature has 64 bytes");
  checkSigningKey(signature.subarray(0, 32));
  checkScalar(signature.subarray(32));
  let good = false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    good = await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    // A key that is no point of the curve: no signature of it is good.
  }
  if (!good) throw new ProtocolError("BadSignature", "the signature does not fit");
}

/** Lets timers, events and painting run between batches. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

