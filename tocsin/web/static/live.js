// Asks every few seconds whether anything changed; if so, fetches the page again and exchanges its content in place.
// Whoever is typing, stands on a button, has opened the numbers or selected text is not disturbed. Without this script pages work
// the same.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const told = document.getElementById("live-state");
  if (document.body.dataset.live !== "yes" || !told) return;
  let mark = document.body.dataset.mark;

  const busy = () => {
    const focused = document.activeElement;
    const typing = focused && /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(focused.tagName);
    return typing || String(document.getSelection()) !== "" || document.querySelector("details[open]") !== null;
  };

  const ask = async (address) => {
    const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  };

  const exchange = async () => {
    const fresh = new DOMParser().parseFromString(await ask(location.href), "text/html");
    if (busy()) return;  // Only since it was asked for: a button that is gone cannot be pressed.
    const focused = document.activeElement && document.activeElement.getAttribute("href");
    for (const part of ["main", "footer p"]) {
      const before = document.querySelector(part), after = fresh.querySelector(part);
      if (before && after) before.replaceChildren(...after.childNodes);
    }
    document.title = fresh.title;
    mark = fresh.body.dataset.mark;
    if (focused) {
      const again = [...document.querySelectorAll("a[href]")].find((a) => a.getAttribute("href") === focused);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const look = async () => {
    const say = (words) => { const now = document.getElementById("live-state"); if (now) now.textContent = words; };
    try {
      const now = await ask("/mark");
      if (now !== mark && !busy() && !document.hidden) await exchange();
      say(now === mark ? "live" : "live; something changed");
    } catch {
      say("this page cannot be reached: what it shows is old");
    }
  };
  setInterval(look, EVERY_MS);
})();
