/** The library: films found, labelled and thrown away. */
import { segment } from "../api.js";

/** /videos. A film's id, or its generation's, names it. */
export class Videos {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Films, newest first. `q` are words of the prompt, title or tags; `metadata` is an object. */
  list({ metadata = {}, ...filters } = {}) {
    const named = Object.entries(metadata).map(([name, value]) => [`metadata[${name}]`, value]);
    return this.#api.pages("/videos", { ...filters, ...Object.fromEntries(named) });
  }

  /** One of them, in the trash too. Throws Gone once it is deleted. */
  get(id) {
    return this.#api.call("GET", `/videos/${segment(id)}`);
  }

  /** Set the `title`, `tags` or `favourite` that are given. */
  label(id, labels) {
    return this.#api.call("PATCH", `/videos/${segment(id)}`, { body: labels });
  }

  /** Mark it, or take the mark away. */
  favourite(id, favourite = true) {
    return this.label(id, { favourite });
  }

  /** Into the trash, where it can be restored until its `kept_until`. */
  trash(id) {
    return this.#api.call("DELETE", `/videos/${segment(id)}`);
  }

  /** Out of the trash. */
  restore(id) {
    return this.#api.call("POST", `/videos/${segment(id)}/restore`, { repeatable: true });
  }

  /** Delete its files now, for good. */
  destroy(id) {
    return this.#api.call("DELETE", `/videos/${segment(id)}`, { query: { permanently: true } });
  }
}
