/** The types of errors.js. */
import type { Generation } from "./index.js";

/** One thing that is wrong with a request. */
export interface Violation {
  field: string;
  code: string;
  message: string;
  [more: string]: unknown;
}

/** A problem document of RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  request_id?: string;
  retryable?: boolean;
  violations?: Violation[];
  [more: string]: unknown;
}

export class KlingError extends Error {}
export class BadSettings extends KlingError {}
export class UnexpectedAnswer extends KlingError {}
export class DownloadFailed extends KlingError {}
export class WebhookNotVerified extends KlingError {}

export class ConnectionFailed extends KlingError {
  readonly idempotencyKey: string | null;
}
export class TimedOut extends ConnectionFailed {}

export class APIError extends KlingError {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly documentation: string | null;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly violations: Violation[];
  readonly problem: Problem;
  /** Seconds. */
  get retryAfter(): number | null;
}
export class InvalidRequest extends APIError {}
export class AuthenticationFailed extends APIError {}
export class PaymentRequired extends APIError {}
export class PermissionDenied extends APIError {}
export class NotFound extends APIError {}
export class Conflict extends APIError {}
export class Gone extends APIError {}
export class RateLimited extends APIError {}
export class ServerError extends APIError {}
export class InsufficientCredits extends PaymentRequired {}
export class CapReached extends PaymentRequired {}
export class CapExceeded extends PermissionDenied {}
export class IdempotencyKeyReused extends InvalidRequest {}
export class QueueFull extends RateLimited {}

export class GenerationFailed extends KlingError {
  readonly generation: Generation;
  readonly code: string;
}

export class StillUnderWay extends KlingError {
  readonly generation: Generation;
}
