"use strict";
// A button beside each id that copies it. Where the browser has no clipboard for us there is none.
if (navigator.clipboard) {
  for (const id of document.querySelectorAll(".ids code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-id";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${id.textContent}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(id.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied";
      }
    });
    id.after(button);
  }
}
