"use strict";
// A button beside each id that copies it. Where the browser has no clipboard for us there is none. Its words are the
// page's: they stand at the script's element.
const words = document.currentScript.dataset;
if (navigator.clipboard) {
  for (const id of document.querySelectorAll(".ids code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-id";
    button.textContent = words.copy;
    button.setAttribute("aria-label", words.label.replace("{id}", () => id.textContent));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(id.textContent);
        button.textContent = words.copied;
      } catch {
        button.textContent = words.failed;
      }
    });
    id.after(button);
  }
}
