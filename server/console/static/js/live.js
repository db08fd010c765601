// What changed, as it happens. Calls back with the numbers of changed cases (null: anything may have changed), gathered
// for a moment, and only while somebody looks: a hidden page catches up when it is seen again.
import "./trusted.js";

const GATHER_MS = 700, FALLBACK_MS = 60_000;

export function live(onChange) {
  let waiting = new Set(), everything = false, timer = null, lost = true;

  function flush() {
    timer = null;
    if (document.hidden || (!everything && !waiting.size)) return;
    const numbers = everything ? null : [...waiting];
    waiting = new Set();
    everything = false;
    onChange(numbers);
  }
  const soon = () => { timer ??= setTimeout(flush, GATHER_MS); };

  function hear({ kind, data }) {
    // After a break the stream goes on where it stood, so "ready" alone means that nothing was missed.
    if (kind === "case") waiting.add(data.number);
    else if (kind === "reset") everything = true;
    lost = kind === "lost";
    document.documentElement.dataset.live = String(!lost);
    soon();
  }

  if (window.SharedWorker) {
    const worker = new SharedWorker(new URL("./live_worker.js", import.meta.url));
    worker.port.onmessage = ({ data }) => hear(data);
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  } else {
    const source = new EventSource("/api/v1/stream");
    for (const kind of ["ready", "case", "message", "reset"]) source.addEventListener(kind, (event) => hear({ kind, data: JSON.parse(event.data) }));
    source.onerror = () => hear({ kind: "lost", data: {} });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  // Deadlines move by themselves, and a stream may be lost for long: once a minute everything is looked at.
  setInterval(() => { everything = true; soon(); }, FALLBACK_MS);
}
