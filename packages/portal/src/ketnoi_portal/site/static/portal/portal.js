// Only comfort: every page works without it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  // A choice that says so is sent at once; its button is then of no use.
  for (const choice of document.querySelectorAll("select[data-send]")) {
    const button = choice.form.querySelector("button:not([name])");
    if (button) button.hidden = true;
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = button.dataset.done;
    });
  }
  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  // The first thing that is wrong is where the reader goes on.
  const error = document.querySelector(".error[tabindex]");
  if (error) error.focus();
});

// An act that is sent twice by a nervous hand is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  else if (!form.hasAttribute("data-again")) {
    form.dataset.sent = "yes";
    window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
  }
});

// What allauth's script for passkeys could not do is told to the reader.
document.addEventListener("allauth.error", (event) => {
  const trouble = document.getElementById("passkey-trouble");
  if (trouble) {
    event.preventDefault();
    trouble.hidden = false;
  }
});
