/** Everything the client throws, below KlingError. */

/** Whatever goes wrong with the client; no message of any has the key in it. */
export class KlingError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** The client was given no key or no address, or one that cannot be right. */
export class BadSettings extends KlingError {}

/** The answer is not of the API: is the address right, or is a proxy between? */
export class UnexpectedAnswer extends KlingError {}

/**
 * No answer, after every try. `idempotencyKey`: the same call with it is carried out once, whatever
 * became of this one.
 */
export class ConnectionFailed extends KlingError {
  constructor(message, idempotencyKey = null) {
    super(message);
    this.idempotencyKey = idempotencyKey;
  }
}

/** The same, because the time of each try was over. */
export class TimedOut extends ConnectionFailed {}

/** The file did not come whole. */
export class DownloadFailed extends KlingError {}

/** The post is not proven to be the product's: answer it with 400, and do nothing. */
export class WebhookNotVerified extends KlingError {}

/** The API says no. `code` is stable, `documentation` leads to what it means. */
export class APIError extends KlingError {
  #retryAfter;

  /** @param {number} status @param {object} problem the document of RFC 9457 @param {Headers} [headers] */
  constructor(status, problem, headers = new Headers()) {
    const code = problem.code || `http_${status}`;
    const detail = problem.detail || problem.title || `HTTP ${status}`;
    const request = problem.request_id || headers.get("x-request-id");
    super(`${detail} (${code}, request ${request || "unknown"})`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.documentation = problem.type ?? null;
    this.requestId = request;
    this.retryable = problem.retryable === true;
    this.violations = problem.violations ?? [];
    this.problem = problem;
    this.#retryAfter = headers.get("retry-after") ?? "";
  }

  /** Seconds after which it is worth another try, if the server has said so. */
  get retryAfter() {
    const found = this.problem.retry_after;
    if (typeof found === "number") return found;
    return /^\d+$/.test(this.#retryAfter) ? Number(this.#retryAfter) : null;
  }
}

/** 400, 413, 415 and 422: `violations` tells everything that is wrong at once. */
export class InvalidRequest extends APIError {}

/** 401: no key, or one that opens nothing. */
export class AuthenticationFailed extends APIError {}

/** 402: too few credits, or a spending cap is reached. */
export class PaymentRequired extends APIError {}

/** 403: the key may not do this. */
export class PermissionDenied extends APIError {}

/** 404. */
export class NotFound extends APIError {}

/** 409: the thing is not in a state that allows this. */
export class Conflict extends APIError {}

/** 410: it was kept for as long as was said. */
export class Gone extends APIError {}

/** 429: too many at once. */
export class RateLimited extends APIError {}

/** 5xx: a fault on the other side. */
export class ServerError extends APIError {}

/** `problem` tells how many are `needed` and `available`. */
export class InsufficientCredits extends PaymentRequired {}

/** A spending cap of the key, member or organisation is reached. */
export class CapReached extends PaymentRequired {}

/** It costs more than `max_cost`; nothing was held. */
export class CapExceeded extends PermissionDenied {}

/** The same key came with another body. */
export class IdempotencyKeyReused extends InvalidRequest {}

/** Too many unfinished generations. */
export class QueueFull extends RateLimited {}

const BY_CODE = {
  insufficient_credits: InsufficientCredits,
  cap_reached: CapReached,
  cap_exceeded: CapExceeded,
  idempotency_key_reused: IdempotencyKeyReused,
  queue_full: QueueFull,
};
const BY_STATUS = {
  400: InvalidRequest,
  401: AuthenticationFailed,
  402: PaymentRequired,
  403: PermissionDenied,
  404: NotFound,
  409: Conflict,
  410: Gone,
  413: InvalidRequest,
  415: InvalidRequest,
  422: InvalidRequest,
  429: RateLimited,
};

/** The error that an answer of 400 or more tells. */
export function errorOf(answer) {
  const problem = answer.json() ?? {};
  const usual = answer.status >= 500 ? ServerError : APIError;
  const Kind = BY_CODE[problem.code] ?? BY_STATUS[answer.status] ?? usual;
  return new Kind(answer.status, problem, answer.headers);
}

/** It ended without what was ordered, and every credit came back. */
export class GenerationFailed extends KlingError {
  constructor(generation) {
    const { id, status, error } = generation;
    const code = error?.code ?? status;
    const back = error ? error.refund?.credits : generation.credits.quoted;
    const told = back ? `; ${back} ${back === 1 ? "credit" : "credits"} came back` : "";
    super(`${id}: ${error?.message ?? `it was ${status}`} (${code})${told}`);
    this.generation = generation;
    this.code = code;
  }
}

/** The time to wait is over, and the generation goes on: `generation` is how it stands. */
export class StillUnderWay extends KlingError {
  constructor(generation, timeout) {
    super(`${generation.id} is still ${generation.status} after ${timeout / 1000} s`);
    this.generation = generation;
  }
}
