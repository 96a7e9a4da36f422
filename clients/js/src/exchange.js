/** From a request to its answer: what is tried again, when, and what is thrown in the end. */
import { ConnectionFailed, TimedOut, UnexpectedAnswer, errorOf } from "./errors.js";
import { Answer, Line, Lost } from "./line.js";

const AGAIN = new Set([502, 503, 504]); // whether it was carried out is open
const FIRST_PAUSE = 500; // milliseconds, as all times here
export const LONGEST_PAUSE = 8_000;
const LONGEST_ASKED = 60_000; // a server that asks for more is told of instead

/** Milliseconds after so many tries: twice as long each time, and never quite the same. */
export function pause(tries) {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Nothing, for so long. Throws the reason of `signal` once it is aborted. */
export function sleep(time, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, time);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A whole answer to one try, whatever it says. */
export async function send(settings, request) {
  return (await Line.open(settings, request)).whole();
}

/** The head of one, as a Line; refusals are read at once. */
export async function open(settings, request) {
  const line = await Line.open(settings, request);
  return line.status < 400 ? line : line.whole();
}

/**
 * What `act` (`send` or `open`) gives, which is no refusal. `later` is what is sent from the second
 * try on. Throws APIError, ConnectionFailed and UnexpectedAnswer.
 */
export async function tried(settings, act, request, later = request) {
  let asked = request;
  let uncertain = false;
  for (let tries = 1; ; tries += 1) {
    const came = await act(settings, asked).catch(whenLost);
    if (!(came instanceof Lost)) {
      if (came.status < 400) return came;
      if (uncertain && came.status === 404 && request.method === "DELETE") {
        return new Answer(204, came.headers, ""); // an earlier try has deleted it
      }
    }
    uncertain ||= came instanceof Lost ? came.sent : AGAIN.has(came.status);
    const time = beforeAnother(request, came, tries);
    if (time === null || tries > settings.maxRetries) throw trouble(settings, request, came, tries);
    await sleep(time, settings.signal);
    asked = later;
  }
}

function whenLost(error) {
  if (error instanceof Lost) return error;
  throw error;
}

/**
 * Milliseconds until it may be sent again; null where that is not safe, or does not help.
 *
 * What never left us and what was refused for its number was not carried out. Anything else is sent
 * again only if the server carries it out once.
 */
function beforeAnother(request, came, tries) {
  if (came instanceof Lost) return request.repeatable || !came.sent ? pause(tries) : null;
  if (came.status !== 429 && !(request.repeatable && mayPass(came))) return null;
  const asked = came.headers.get("retry-after") ?? "";
  if (!/^\d+$/.test(asked)) return pause(tries); // a date is left to our own pauses
  const time = Number(asked) * 1000;
  return time <= LONGEST_ASKED ? time + Math.random() * 250 : null;
}

/** Our own trouble, or the same request is being carried out at this moment. */
function mayPass(answer) {
  return AGAIN.has(answer.status) || (answer.status === 409 && errorOf(answer).retryable);
}

function trouble(settings, request, came, tries) {
  if (!(came instanceof Lost)) {
    const askedUs = request.url.startsWith(`${settings.baseUrl}/api/v1/`);
    return askedUs && isForeign(came) ? elsewhere(settings, came) : errorOf(came);
  }
  const Kind = came.timedOut ? TimedOut : ConnectionFailed;
  const times = tries > 1 ? ` after ${tries} tries` : "";
  const place = request.url.split("?")[0];
  const key = request.headers["Idempotency-Key"] ?? null;
  return new Kind(`${request.method} ${place}: ${came.message}${times}`, key);
}

/**
 * A refusal that is not the API's. Faults and limits pass, whoever tells them, and stay what they are;
 * 501 is of a server that knows no such method.
 */
function isForeign(answer) {
  const mayPass = answer.status === 429 || (answer.status >= 500 && answer.status !== 501);
  return !mayPass && !answer.json()?.code;
}

function elsewhere(settings, answer) {
  return new UnexpectedAnswer(
    `there seems to be no Kling SaaS at ${settings.baseUrl}, or a proxy answers in its place: ` +
      `HTTP ${answer.status} without the API's JSON`,
  );
}

/** The JSON of an answer that must have some. Throws UnexpectedAnswer. */
export function told(settings, answer) {
  const found = answer.json();
  if (found === null) throw elsewhere(settings, answer);
  return found;
}
