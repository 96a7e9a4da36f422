/** Images, films and sounds sent once, and named by id in any number of orders. */
import { segment } from "../api.js";
import { uploaded } from "../sending.js";

/** /uploads */
export class Uploads {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /**
   * Send a File, a Blob or bytes; the same ones again are the same upload. Large files go straight
   * to the storage; `presigned` says so, or not, for any.
   */
  create(file, { contentType, presigned } = {}) {
    return uploaded(this.#api, file, { contentType, presigned });
  }

  /** All, newest first. */
  list(filters = {}) {
    return this.#api.pages("/uploads", filters);
  }

  /** One of them. */
  get(id) {
    return this.#api.call("GET", `/uploads/${segment(id)}`);
  }

  /** Delete it. Throws Conflict while an order under way needs it. */
  async delete(id) {
    await this.#api.send(this.#api.request("DELETE", `/uploads/${segment(id)}`));
  }
}
