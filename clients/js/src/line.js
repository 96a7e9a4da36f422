/** One try of one request: a connection, and what is read from it. */

// What fetch of Node says when nothing has left us; browsers do not say.
const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** No answer, or its end is missing. `sent`: the server may have the request. */
export class Lost extends Error {
  constructor(why, { sent, timedOut }) {
    super(why);
    this.sent = sent;
    this.timedOut = timedOut;
  }
}

/** A whole answer. */
export class Answer {
  constructor(status, headers, content) {
    this.status = status;
    this.headers = headers;
    this.content = content;
  }

  /** The object that it is in JSON; null where it is none, as of a proxy's page. */
  json() {
    try {
      const found = JSON.parse(this.content);
      return found !== null && typeof found === "object" && !Array.isArray(found) ? found : null;
    } catch {
      return null;
    }
  }
}

/** An answer that is read piece by piece; whoever opens one closes it. */
export class Line {
  #stop = new AbortController();
  #signal;
  #timeout;
  #onAbort = () => this.#stop.abort();
  #timedOut = false;
  #reader;

  constructor(signal, timeout) {
    this.#signal = signal;
    this.#timeout = timeout;
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** The head of an answer. Throws Lost, and the reason of `settings.signal` once it is aborted. */
  static async open(settings, request) {
    const line = new Line(settings.signal, request.timeout);
    try {
      await line.#ask(settings.fetch, request);
    } catch (error) {
      line.close();
      throw error;
    }
    return line;
  }

  async #ask(fetch, { method, url, headers, content, redirect }) {
    const signal = this.#stop.signal;
    const asked = { method, headers, body: content, redirect, signal, credentials: "omit" };
    const response = await this.#inTime(() => fetch(url, asked));
    this.status = response.status;
    this.headers = response.headers;
    this.#reader = response.body?.getReader();
  }

  /** The next bytes; null at the end. Throws Lost when none come for as long as a try may take. */
  async read() {
    if (!this.#reader) return null;
    const { done, value } = await this.#inTime(() => this.#reader.read());
    return done ? null : value;
  }

  /** All that is left, and the line is closed. */
  async whole() {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for (let piece; (piece = await this.read()); ) text += decoder.decode(piece, { stream: true });
    } finally {
      this.close();
    }
    return new Answer(this.status, this.headers, text + decoder.decode());
  }

  /** It is read no further. */
  close() {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort();
  }

  async #inTime(act) {
    this.#signal?.throwIfAborted();
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.#stop.abort();
    }, this.#timeout);
    try {
      return await act();
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.#lost(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #lost(error) {
    const why = this.#timedOut ? `no word for ${this.#timeout / 1000} s` : error.cause?.message || error.message;
    const sent = !UNSENT.has(error.cause?.code);
    return new Lost(why, { sent, timedOut: this.#timedOut });
  }
}
