/** Prices that bind. */
import { segment } from "../api.js";
import { body } from "../orders.js";

/** /quotes */
export class Quotes {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** The price of a film, which holds until its `expires_at`: order with its id. */
  async create(film) {
    const asked = await body(this.#api, film);
    return this.#api.call("POST", "/quotes", { body: asked, repeatable: true });
  }

  /** One of them. */
  get(id) {
    return this.#api.call("GET", `/quotes/${segment(id)}`);
  }
}
