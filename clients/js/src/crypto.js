/** Web Crypto, wherever this runs. */
import { BadSettings } from "./errors.js";

// Node 18 keeps it in a module; a name in a variable is nothing that bundlers look for.
const NODE = "node:crypto";

async function webCrypto() {
  return globalThis.crypto ?? (await import(/* webpackIgnore: true */ /* @vite-ignore */ NODE)).webcrypto;
}

/** What digests and proves. Throws BadSettings in a page that came without https. */
export async function subtle() {
  const found = (await webCrypto()).subtle;
  if (!found) throw new BadSettings("browsers have Web Crypto in pages of https and localhost only");
  return found;
}

/** The SHA-256 of a Blob in hex. */
export async function sha256(blob) {
  const digest = await (await subtle()).digest("SHA-256", await blob.arrayBuffer());
  return hex(new Uint8Array(digest));
}

/** A key that nobody else has. Unlike randomUUID, pages without https have this too. */
export async function uniqueKey() {
  return hex((await webCrypto()).getRandomValues(new Uint8Array(16)));
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
