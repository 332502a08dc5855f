// Passkeys, and the key of this device. All that needs a script on this site.
"use strict";
(() => {
  const words = document.documentElement.lang === "en"
    ? { failed: "It did not work. Please try again.", other: " Or choose another way.", old: "This browser cannot do this. Please use a newer one.", whose: "Whose account?" }
    : { failed: "Chưa được. Hãy thử lại.", other: " Hoặc chọn cách khác.", old: "Trình duyệt này không làm được. Hãy dùng bản mới hơn.", whose: "Tài khoản của ai?" };
  const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const alertIn = (form, told) => { const place = form.querySelector("[data-alert]"); place.textContent = told; place.hidden = false; place.focus(); };

  const failed = (form) => alertIn(form, words.failed + (document.querySelectorAll("[data-passkey]:enabled, [name=passcode]:enabled").length > 1 ? words.other : ""));

  // The device's keys: records {id, holder, pending, key}, the private key not to be taken out.
  const store = (mode, act) => new Promise((done, fail) => {
    const opening = indexedDB.open("dinh-danh", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "id" });
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const asked = act(opening.result.transaction("keys", mode).objectStore("keys"));
      asked.onsuccess = () => { opening.result.close(); done(asked.result); };
      asked.onerror = () => { opening.result.close(); fail(asked.error); };
    };
  });
  const all = () => store("readonly", (keys) => keys.getAll());
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const sign = async (key, value) => text(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, octets(value)));

  const readOptions = (element) => {
    const told = JSON.parse(element.dataset.options);
    told.challenge = octets(told.challenge);
    if (told.user) told.user.id = octets(told.user.id);
    for (const list of [told.allowCredentials, told.excludeCredentials]) for (const each of list || []) each.id = octets(each.id);
    for (const name of ["allowCredentials", "excludeCredentials"]) if (!told[name]) delete told[name];
    return told;
  };
  const written = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
  };

  const withPasskey = async (button) => {
    const form = button.form;
    try {
      const options = { publicKey: readOptions(button) };
      const made = await (button.dataset.passkey === "make" ? navigator.credentials.create(options) : navigator.credentials.get(options));
      form.elements.credential.value = written(made);
      form.submit();
    } catch (error) {
      button.disabled = false;
      failed(form);
    }
  };

  const makeDevice = async (form) => {
    const pair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    const id = form.elements.device.value = crypto.randomUUID();
    form.elements.public_key.value = text(await crypto.subtle.exportKey("spki", pair.publicKey));
    form.elements.signature.value = await sign(pair.privateKey, form.elements.value.value);
    await store("readwrite", (keys) => keys.put({ id, holder: form.dataset.holder, pending: true, key: pair.privateKey }));
  };
  const useDevice = async (form, chosen) => {
    form.elements.device.value = chosen.id;
    form.elements.signature.value = await sign(chosen.key, form.elements.value.value);
  };

  const prepare = async (part) => {
    const form = part.closest("form");
    const own = (part.dataset.device || "").split(" ").filter(Boolean);
    const kept = (await all()).filter((each) => !own.length || own.includes(each.id));
    if (!kept.length) {
      part.querySelector("[data-fields]").hidden = true;
      part.querySelector("[data-none]").hidden = false;
      for (const field of part.querySelectorAll("input, button")) field.disabled = true;
      return;
    }
    let chosen = kept[0];
    if (kept.length > 1) {
      const select = document.createElement("select");
      kept.forEach((each, at) => select.add(new Option(each.holder, at)));
      select.id = "device-of";
      select.onchange = () => { chosen = kept[select.value]; };
      const label = document.createElement("label");
      label.htmlFor = select.id;
      label.textContent = words.whose;
      const field = document.createElement("div");
      field.className = "field";
      field.append(label, select);
      part.querySelector("[data-fields]").prepend(field);
    } else {
      part.querySelector("[data-holder]").textContent = chosen.holder;
    }
    submitting(form, () => useDevice(form, chosen));
    enable(part);
  };
  const submitting = (form, act) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try { await act(); form.submit(); } catch (error) { failed(form); }
  });
  // Buttons come disabled: what is sent before the script is there would be sent without a signature.
  const enable = (part) => { for (const button of part.querySelectorAll("button[disabled]")) button.disabled = false; };

  const begin = async () => {
    const can = "indexedDB" in window && window.crypto && crypto.subtle;
    // What the site now lists was taken; what was left over from a refused attempt goes.
    const listed = [...document.querySelectorAll("[data-kept]")].map((each) => each.dataset.kept);
    if (can && listed.length) {
      for (const each of await all()) {
        if (!listed.includes(each.id)) continue;
        if (each.pending) await store("readwrite", (keys) => keys.put({ ...each, pending: false }));
        document.querySelector(`[data-kept="${each.id}"] [data-this]`).hidden = false;
      }
    }
    for (const button of document.querySelectorAll("[data-passkey]")) {
      if (!window.PublicKeyCredential) { alertIn(button.form, words.old); continue; }
      button.addEventListener("click", () => { button.disabled = true; withPasskey(button); });
      button.disabled = false;
    }
    for (const part of document.querySelectorAll("[data-device]")) {
      if (can) await prepare(part); else alertIn(part.closest("form"), words.old);
    }
    for (const form of document.querySelectorAll("form[data-make-device]")) {
      if (!can) { alertIn(form, words.old); continue; }
      for (const each of await all()) if (each.pending) await store("readwrite", (keys) => keys.delete(each.id));
      submitting(form, () => makeDevice(form));
      enable(form);
    }
  };
  begin()
    .catch(() => { for (const place of document.querySelectorAll("[data-alert]")) alertIn(place.closest("form"), words.old); })
    .finally(() => {
      for (const each of document.querySelectorAll("[data-loading]")) each.hidden = true;
      document.documentElement.dataset.ready = "yes";
    });
})();
