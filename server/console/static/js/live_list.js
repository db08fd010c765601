// Brings the list and the boards up to date from the server's own page without moving what the eye is on:
// rows keep their order, a changed row changes in place, one that left stays until the page is loaded anew.
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

export async function refresh(changed = null) {
  const page = await fetchPage(location.pathname + location.search);
  if (!page) return;
  for (const part of [".boards", ".live"]) {
    const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
    if (old && fresh && !old.contains(document.activeElement)) old.replaceWith(document.importNode(fresh, true));
  }
  for (const row of document.querySelectorAll(".list li[data-number]")) {
    const fresh = page.querySelector(`.list li[data-number="${CSS.escape(row.dataset.number)}"]`);
    if (!fresh) { if (row.dataset.number === changed) row.classList.add("gone"); continue; }
    if (row.contains(document.activeElement)) continue;
    const copy = document.importNode(fresh, true);
    copy.classList.toggle("on", row.classList.contains("on"));
    row.replaceWith(copy);
  }
}
