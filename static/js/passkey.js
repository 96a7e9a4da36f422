// Passkeys: a button makes or uses one; its answer goes with the button's form to the server.
const known = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function options(button) {
  if (button.dataset.passkey === "fetch") {
    const answer = await fetch(button.form.action, { headers: { Accept: "application/json" } });
    return (await answer.json()).request_options.publicKey;
  }
  const data = JSON.parse(document.querySelector("#passkey-data").textContent);
  return (data.creation_options ?? data.request_options).publicKey;
}

async function proof(button) {
  const wanted = await options(button);
  if (button.dataset.passkey !== "make") {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(wanted);
    return navigator.credentials.get({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(wanted);
  publicKey.authenticatorSelection = {
    residentKey: "required",
    requireResidentKey: true,
    userVerification: "required",
  };
  return navigator.credentials.create({ publicKey });
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  const { form } = button;
  form.querySelector("[data-passkey-missing]").hidden = known;
  button.disabled = !known;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const trouble = form.querySelector("[data-passkey-trouble]");
    trouble.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify((await proof(button)).toJSON());
      form.submit();
    } catch {
      trouble.hidden = false; // broken off, no key, or the wrong site: browsers tell no more
    }
  });
}
