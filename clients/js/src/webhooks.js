/** Proof that a post to your server is the product's, as Standard Webhooks has it. */
import { subtle } from "./crypto.js";
import { BadSettings, WebhookNotVerified } from "./errors.js";

const TOLERANCE = 300; // seconds
const HMAC = { name: "HMAC", hash: "SHA-256" };

/**
 * The event that `body`, exactly as it came, tells. Throws WebhookNotVerified.
 *
 * It is proven if any of its signatures is by `secret`, or by any of several, and if it was signed at
 * most `tolerance` seconds ago (or ahead). An event may come more than once: its `id` is the same.
 */
export async function verifyWebhook(body, headers, secret, { tolerance = TOLERANCE } = {}) {
  const [id, moment, given] = ["id", "timestamp", "signature"].map((name) => header(headers, name));
  if (!/^\d+$/.test(moment) || Math.abs(Date.now() / 1000 - Number(moment)) > tolerance) {
    throw new WebhookNotVerified("it was not signed in the last minutes: is your clock right?");
  }
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = await new Blob([`${id}.${moment}.`, content]).arrayBuffer();
  if (!(await isBy([secret].flat(), given.split(" "), signed))) {
    throw new WebhookNotVerified("no signature of it is by this secret");
  }
  return event(new TextDecoder().decode(content));
}

function header(headers, name) {
  const wanted = `webhook-${name}`;
  const all = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  const found = all.find(([each]) => each.toLowerCase() === wanted)?.[1];
  if (typeof found !== "string") throw new WebhookNotVerified(`the header ${wanted} is missing`);
  return found;
}

/** Web Crypto compares in a time that tells nothing. */
async function isBy(secrets, signatures, signed) {
  const crypto = await subtle();
  for (const secret of secrets) {
    const key = await crypto.importKey("raw", secretBytes(secret), HMAC, false, ["verify"]);
    for (const signature of signatures) {
      if (await crypto.verify("HMAC", key, signatureBytes(signature), signed)) return true;
    }
  }
  return false;
}

function secretBytes(secret) {
  const found = bytes(secret.replace(/^whsec_/, ""));
  if (!found?.length) throw new BadSettings("the secret is not `whsec_` and base64");
  return found;
}

/** The bytes of a `v1,…`; none of another scheme. */
function signatureBytes(signature) {
  const [scheme, text = ""] = signature.split(",", 2);
  return (scheme === "v1" && bytes(text)) || new Uint8Array();
}

/** What base64 says; null where it is none. */
function bytes(base64) {
  // atob takes more than that: spaces, and no padding.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return null;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function event(text) {
  let found = null;
  try {
    found = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (found?.object !== "event") {
    throw new WebhookNotVerified(
      "it is signed, and no event: orders of other dialects are told in their own shape",
    );
  }
  return found;
}
