/** Files sent to the API: small ones in the request, large ones past it, to where it says. */
import { segment } from "./api.js";
import { sha256 } from "./crypto.js";
import { APIError } from "./errors.js";

const LARGE = 16 * 2 ** 20; // bytes; what has more is sent past the API
const SLOWEST = 100; // bytes in a millisecond: so slow a line still has the time of its try
const UNKNOWN = "application/octet-stream";
const BEGINNINGS = [
  ["\xff\xd8\xff", 0, "image/jpeg"],
  ["\x89PNG", 0, "image/png"],
  ["WEBP", 8, "image/webp"],
  ["WAVE", 8, "audio/wav"],
  ["ftypM4A", 4, "audio/mp4"],
  ["ftyp", 4, "video/mp4"],
  ["ID3", 0, "audio/mpeg"],
  ["\xff\xf1", 0, "audio/aac"],
  ["\xff\xf9", 0, "audio/aac"],
  ["\xff", 0, "audio/mpeg"],
];

/** Whether it is a file, and no word: a Blob (each File is one) or bytes. */
export function isFile(value) {
  return value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** The upload that was made of a file, or found again: the same bytes are one upload. */
export async function uploaded(api, file, { contentType, presigned } = {}) {
  const blob = file instanceof Blob ? file : new Blob([file]);
  const kind = contentType ?? (await typeOf(blob));
  if (presigned ?? blob.size > LARGE) return pastTheApi(api, blob, kind);
  const headers = { "Content-Type": kind };
  const request = api.request("POST", "/uploads", { repeatable: true, headers });
  return api.told(await api.send(carrying(request, blob)));
}

async function pastTheApi(api, blob, kind) {
  const announced = { content_type: kind, bytes: blob.size, sha256: await sha256(blob) };
  const place = await api.call("POST", "/uploads/presign", { body: announced, repeatable: true });
  try {
    await api.send(carrying(api.foreign(place.method, place.url, place.headers), blob));
  } catch (error) {
    // 409: a try whose answer was lost had brought it.
    if (!(error instanceof APIError) || error.status !== 409) throw error;
  }
  return api.call("POST", `/uploads/${segment(place.id)}/complete`, { repeatable: true });
}

/** fetch does not tell how far it has sent, so there is time for all of it. */
function carrying(request, blob) {
  return { ...request, content: blob, timeout: request.timeout + blob.size / SLOWEST };
}

/** What a file's first bytes say that it is, or else its name. */
async function typeOf(blob) {
  const head = String.fromCharCode(...new Uint8Array(await blob.slice(0, 12).arrayBuffer()));
  const found = BEGINNINGS.find(([beginning, place]) => head.startsWith(beginning, place));
  return found?.[2] ?? (blob.type || UNKNOWN);
}
