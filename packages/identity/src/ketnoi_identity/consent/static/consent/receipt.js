// The receipt's file is read here, on the reader's own device, and put where one would paste it.
"use strict";
(() => {
  const part = document.querySelector("[data-file]");
  part.hidden = false;
  part.querySelector("input").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file && file.size < 65536) document.getElementById("text").value = await file.text();
  });
})();
