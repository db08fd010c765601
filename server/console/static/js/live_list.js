// Brings the list and the boards up to date from the server's own page without moving what the eye is on:
// rows keep their order, a changed row changes in place, one that left stays until the page is loaded anew, and what
// is new is offered by a button above.
const ROWS = ".list li[data-number], .tb tr[data-case]";

function fetchPage(url) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.onload = () => resolve(request.status === 200 && new URL(request.responseURL).pathname === location.pathname ? request.response : null);
    request.onerror = () => resolve(null);
    request.send();
  });
}

const byNumber = (page) => new Map([...page.querySelectorAll(ROWS)].map((row) => [row.dataset.number ?? row.dataset.case, row]));

export async function refresh(changed = null) {
  const page = await fetchPage(location.pathname + location.search);
  if (!page) return;
  for (const part of [".boards", ".side", ".live"]) {
    const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
    if (old && fresh && !old.contains(document.activeElement)) old.replaceWith(document.importNode(fresh, true));
  }
  const here = byNumber(document), there = byNumber(page);
  for (const [number, row] of here) {
    const fresh = there.get(number);
    if (!fresh) { if (changed?.includes(number)) row.classList.add("gone"); continue; }
    if (row.contains(document.activeElement)) continue;
    const copy = document.importNode(fresh, true);
    copy.classList.toggle("on", row.classList.contains("on"));
    row.replaceWith(copy);
  }
  offer([...there.keys()].filter((number) => !here.has(number)).length);
}

function offer(count) {
  const button = document.querySelector("[data-fresh]");
  if (!button) return;
  button.hidden = count === 0;
  button.textContent = (count === 1 ? button.dataset.wordOne : button.dataset.wordMany).replace("{count}", count);
}
