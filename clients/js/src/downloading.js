/** Files come whole or not at all: taken up where they broke, on fresh links where those ended. */
import { sha256 } from "./crypto.js";
import { APIError, ConnectionFailed, DownloadFailed } from "./errors.js";
import { pause } from "./exchange.js";
import { Lost } from "./line.js";

const EXPIRED = new Set([401, 403, 404, 410]); // what storages answer to a link that has ended
const PAST_ITS_END = 416;

/** A connection's end that another connection may mend. */
class Short extends Error {}

/** What one connection brings of `source` beyond `place.size`, which grows with it. */
async function* content(api, source, place) {
  const headers = place.size ? { Range: `bytes=${place.size}-` } : {};
  const line = await api.open(api.foreign("GET", source.url, headers));
  try {
    let known = line.status === 206 ? 0 : place.size; // bytes that come once more
    for (let piece; (piece = await line.read()); ) {
      const fresh = piece.subarray(Math.min(known, piece.length));
      known -= piece.length - fresh.length;
      place.size += fresh.length;
      if (place.size > source.bytes) throw new DownloadFailed("more came than was told");
      if (fresh.length) yield fresh;
    }
  } finally {
    line.close();
  }
  if (place.size < source.bytes) throw new Short(`${place.size} of ${source.bytes} bytes came`);
}

function mayMend(error) {
  if (error instanceof APIError) return EXPIRED.has(error.status) || error.status === PAST_ITS_END;
  return [Short, Lost, ConnectionFailed].some((kind) => error instanceof kind);
}

/**
 * The bytes of the file that `ask` tells of: `{url, bytes, sha256, type}`. Their number is proven.
 * `progress` gets the bytes that came and those of the whole. Throws DownloadFailed, and what `ask`
 * does.
 */
export async function* pieces(api, ask, progress) {
  const place = { size: 0 };
  for (let failures = 0; ; ) {
    const source = await ask();
    const before = place.size;
    try {
      for await (const piece of content(api, source, place)) {
        progress?.(place.size, source.bytes);
        yield piece;
      }
      return;
    } catch (error) {
      if (!mayMend(error)) throw error;
      failures = place.size > before ? 1 : failures + 1;
      if (failures > api.maxRetries) throw new DownloadFailed(error.message);
      await api.sleep(pause(failures));
    }
  }
}

/** The same as a Blob, proven by its SHA-256 too; another file is asked for again. */
export async function whole(api, ask, progress) {
  for (let tries = 1; ; tries += 1) {
    let source;
    const kept = [];
    const noted = async () => (source = await ask());
    for await (const piece of pieces(api, noted, progress)) kept.push(piece);
    const blob = new Blob(kept, { type: source.type });
    if ((await sha256(blob)) === source.sha256) return blob;
    if (tries > api.maxRetries) throw new DownloadFailed("what came is another file");
    await api.sleep(pause(tries));
  }
}

/** What a generator yields, as a ReadableStream that asks for no more than is read. */
export function readable(generator) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await generator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await generator.return();
      },
    },
    { highWaterMark: 0 },
  );
}
