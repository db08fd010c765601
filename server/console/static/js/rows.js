// Moving through a list by keyboard: j and k, Enter follows the link; off inside fields.
export const inField = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

export function moveByKeys(links, { onMove = () => {} } = {}) {
  const all = () => [...document.querySelectorAll(links)];
  const step = (by) => {
    const rows = all(), at = rows.indexOf(document.activeElement);
    const current = at >= 0 ? at : rows.findIndex((row) => row.closest(".on"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, current + by))];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    onMove(next);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") document.getElementById("find")?.focus();
    else return;
    event.preventDefault();
  });
}
