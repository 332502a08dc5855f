// Away from the net nothing leaves the page, and it says so: else the browser's own page would stand there without a word.
"use strict";
(() => {
  const words = document.documentElement.lang === "en"
    ? "You are offline. Nothing was sent. Try again once you are connected."
    : "Không có mạng. Chưa có gì được gửi đi. Hãy thử lại khi có mạng.";
  const stop = (event, sent) => {
    if (navigator.onLine) return;
    const form = sent.closest("main") ? sent : document.querySelector("main");
    event.preventDefault();
    event.stopImmediatePropagation();
    let place = form.querySelector("[data-alert]");
    if (!place) {
      place = document.createElement("p");
      Object.assign(place, { className: "notice bad", tabIndex: -1, role: "alert" });
      place.dataset.alert = "";
      form.prepend(place);
    }
    place.textContent = words;
    place.hidden = false;
    place.focus();
  };
  document.addEventListener("submit", (event) => stop(event, event.target), true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passkey]");
    if (button) stop(event, button.form);
  }, true);
})();
