// A page that lies open shows a new request at once: it asks how many there are, and reads itself again when that has
// changed. Only while it is seen, and for half an hour at most: a forgotten page keeps no session alive.
"use strict";
(() => {
  const page = document.querySelector("[data-waiting]");
  const seconds = 4;
  const last = Date.now() + 30 * 60 * 1000;
  const look = async () => {
    if (!document.hidden && navigator.onLine) {
      try {
        const answer = await fetch("/dong-y/dang-cho", { headers: { Accept: "application/json" }, redirect: "error" });
        if (answer.ok) {
          const told = await answer.json();
          if (`${told.all}.${told.waiting}` !== page.dataset.waiting) return location.reload();
        }
      } catch (error) { /* Away from the net: the next time. */ }
    }
    if (Date.now() < last) setTimeout(look, seconds * 1000);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() >= last) location.reload(); });
  setTimeout(look, seconds * 1000);
})();
