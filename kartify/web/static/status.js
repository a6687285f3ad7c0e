// Looks again while the page says that something may still change. What is the same is left alone; each look that
// brings nothing new doubles the pause. Without this script the page reloads as a whole.
(() => {
  const LONGEST = 300;
  let pause = 0;

  const wanted = () => Number(document.getElementById("told")?.dataset.refresh) || 0;
  const wait = () => {
    if (wanted()) setTimeout(look, 1000 * Math.min(LONGEST, Math.max(pause, wanted())));
  };

  async function look() {
    if (document.hidden) {
      document.addEventListener("visibilitychange", look, { once: true });
      return;
    }
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("told"), old = document.getElementById("told");
      const changed = fresh && fresh.innerHTML !== old.innerHTML;
      pause = changed ? 0 : Math.max(pause, wanted()) * 2;
      if (changed) replace(old, fresh, page.title);
      else if (fresh && !fresh.dataset.refresh) delete old.dataset.refresh;
    } catch {
      pause = Math.max(pause, wanted()) * 2;
    }
    wait();
  }

  function replace(old, fresh, title) {
    const pressed = old.contains(document.activeElement) && document.activeElement.tagName === "BUTTON";
    const before = old.querySelector("h1").textContent;
    old.replaceWith(document.adoptNode(fresh));
    document.title = title;
    if (pressed) fresh.querySelector("button")?.focus();
    const now = fresh.querySelector("h1").textContent;
    if (now !== before) document.getElementById("news").textContent = now;
  }

  wait();
})();
