// Builds and reads Kling's HS256 tokens in the page: a secret key typed here is sent nowhere.
const room = document.querySelector("[data-jwt]");
const text = new TextEncoder();
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const part = (claims) => base64url(text.encode(JSON.stringify(claims)));

if (room && globalThis.crypto?.subtle) {
  const field = (name) => room.querySelector(`#jwt-${name}`);
  room.hidden = false;
  room.querySelector("[data-build]").addEventListener("click", async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: field("key").value.trim(), exp: now + Number(field("seconds").value), nbf: now - 5 };
    const begin = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    const secret = text.encode(field("secret").value.trim() || " ");
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const proof = new Uint8Array(await crypto.subtle.sign("HMAC", key, text.encode(begin)));
    field("token").value = `${begin}.${base64url(proof)}`;
    read();
  });
  field("token").addEventListener("input", read);

  function read() {
    const told = room.querySelector("[data-read]");
    try {
      const [head, claims] = field("token").value.trim().split(".").slice(0, 2).map((piece) =>
        JSON.parse(decodeURIComponent(escape(atob(piece.replace(/-/g, "+").replace(/_/g, "/"))))),
      );
      const now = Date.now() / 1000;
      const state = claims.exp < now ? "over" : claims.nbf > now ? "early" : "good";
      told.textContent = `${JSON.stringify(head)}\n${JSON.stringify(claims, null, 2)}\n${told.dataset[state]}`;
    } catch {
      told.textContent = field("token").value.trim() ? told.dataset.none : "";
    }
  }
}
