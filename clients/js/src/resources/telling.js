/** What is told: endpoints that get events, and the feed of all events. */
import { segment } from "../api.js";
import { uniqueKey } from "../crypto.js";

const LOOK_AGAIN = 2_000; // milliseconds

/** /webhooks */
export class Webhooks {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** A new endpoint at `url`, with its `secret`, for some `events` (`generation.*`) or for all. */
  create(terms, { idempotencyKey } = {}) {
    return this.#post("", terms, idempotencyKey);
  }

  /** All of this mode, newest first. */
  list(filters = {}) {
    return this.#api.pages("/webhooks", filters);
  }

  /** One of them. */
  get(id) {
    return this.#api.call("GET", `/webhooks/${segment(id)}`);
  }

  /** Set what is given; `enabled` true puts a disabled one back to work. */
  change(id, terms) {
    return this.#api.call("PATCH", `/webhooks/${segment(id)}`, { body: terms });
  }

  /** Nothing is sent there any more. */
  async delete(id) {
    await this.#api.send(this.#api.request("DELETE", `/webhooks/${segment(id)}`));
  }

  /** A new `secret`; the one before signs too for `overlap` seconds, or a day. */
  rotateSecret(id, { overlap, idempotencyKey } = {}) {
    return this.#post(`/${segment(id)}/rotate-secret`, { overlap }, idempotencyKey);
  }

  /** What signs the posts to addresses that orders name (`webhook_url`). */
  signingSecret() {
    return this.#api.call("GET", "/webhooks/signing-secret");
  }

  /** A new one; the one before signs too for `overlap` seconds, or a day. */
  rotateSigningSecret({ overlap, idempotencyKey } = {}) {
    return this.#post("/signing-secret/rotate", { overlap }, idempotencyKey);
  }

  /** Send it a `webhook.test` event now; its delivery tells what came of it. */
  test(id, { idempotencyKey } = {}) {
    return this.#post(`/${segment(id)}/test`, {}, idempotencyKey);
  }

  /** What was sent there, newest first; of a `status`, or of one `event`. */
  deliveries(id, filters = {}) {
    return this.#api.pages(`/webhooks/${segment(id)}/deliveries`, filters);
  }

  /** One of them with its `log`: what was sent, and what was answered. */
  delivery(id, deliveryId) {
    return this.#api.call("GET", `/webhooks/${segment(id)}/deliveries/${segment(deliveryId)}`);
  }

  /** Send again what failed `since` then, or with `what: "all"` every event. */
  resend(id, { since, what = "failed" }) {
    const asked = { body: { since, what }, repeatable: true };
    return this.#api.call("POST", `/webhooks/${segment(id)}/resend`, asked);
  }

  /** Send one again, under the id that it had. */
  resendDelivery(id, deliveryId) {
    const path = `/webhooks/${segment(id)}/deliveries/${segment(deliveryId)}/resend`;
    return this.#api.call("POST", path, { body: {}, repeatable: true });
  }

  async #post(path, body, key) {
    const once = key ?? (await uniqueKey());
    return this.#api.call("POST", `/webhooks${path}`, { body, once });
  }
}

/** /events: everything that was told, oldest first, for a program that was away. */
export class Events {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Those after the event `after` to the newest: keep the id of the last you have seen. */
  list(filters = {}) {
    return this.#api.pages("/events", filters);
  }

  /** The same without an end: what is new comes as it happens, a few seconds later. */
  async *follow({ after, ...filters } = {}) {
    for (let last = after; ; ) {
      for await (const event of this.list({ ...filters, after: last })) {
        last = event.id;
        yield event;
      }
      await this.#api.sleep(LOOK_AGAIN);
    }
  }

  /** One of them. */
  get(id) {
    return this.#api.call("GET", `/events/${segment(id)}`);
  }
}
