/**
 * Films from your own program or page: the client of a Kling SaaS site.
 *
 *     const client = new KlingSaaS({ apiKey, baseUrl });
 *     const film = await client.generations.createAndWait({ model: "kling-v1", prompt: "A fox" });
 *     const blob = await film.download();
 */
export { KlingSaaS } from "./client.js";
export {
  APIError,
  AuthenticationFailed,
  BadSettings,
  CapExceeded,
  CapReached,
  Conflict,
  ConnectionFailed,
  DownloadFailed,
  GenerationFailed,
  Gone,
  IdempotencyKeyReused,
  InsufficientCredits,
  InvalidRequest,
  KlingError,
  NotFound,
  PaymentRequired,
  PermissionDenied,
  QueueFull,
  RateLimited,
  ServerError,
  StillUnderWay,
  TimedOut,
  UnexpectedAnswer,
  WebhookNotVerified,
} from "./errors.js";
export { Generation } from "./generations.js";
export { version } from "./version.js";
export { verifyWebhook } from "./webhooks.js";
