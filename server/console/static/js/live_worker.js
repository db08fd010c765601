// One stream for all tabs of a browser: a browser opens six connections to a server, and each tab would take one.
const ports = new Set();
let source = null, last = "";

function tell(kind, data) {
  last = kind;
  for (const port of ports) port.postMessage({ kind, data });
}

function connect() {
  source = new EventSource("/api/v1/stream");
  for (const kind of ["ready", "case", "message", "reset"]) source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
  source.onerror = () => {
    tell("lost", {});
    // Refused (signed out, server too old): the browser gives up, so it is tried again slowly.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 15_000);
  };
}

addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => { if (data === "bye") ports.delete(port); };
  if (source === null) connect();
  else if (last !== "lost") port.postMessage({ kind: "ready", data: {} });
});
