// Puts what the server says now in the place of what it said before. Without it the page is as it was made.
(() => {
  const EVERY = 10000, PATIENCE = 8000;
  const stale = document.getElementById("stale");
  let under_way = false;

  async function latest() {
    const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(response.statusText);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  function show(page) {
    const before = document.querySelector("main"), now = page.querySelector("main");
    if (page.documentElement.dataset.version !== document.documentElement.dataset.version) location.reload();
    const focused = before.contains(document.activeElement) && document.activeElement.getAttribute("href");
    before.replaceWith(document.adoptNode(now));
    if (focused) now.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  async function refresh() {
    // Who selects text wants to keep it.
    if (under_way || document.hidden || getSelection()?.type === "Range") return;
    under_way = true;
    try {
      show(await latest());
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    } finally {
      under_way = false;
    }
  }

  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
})();
