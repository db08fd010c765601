// The drawer beside the map: the server makes it, this fetches it, sends its forms and keeps the address in step.
// Fetched as a document, not as text: no markup is ever written by script.
const PAGE = /^\/cases\/([^/]+)\/drawer/;

export function fetchDocument(method, url, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.onload = () => (request.response ? resolve(request) : reject(new Error("empty")));
    request.onerror = () => reject(new Error("offline"));
    request.send(body);
  });
}

export class Drawer {
  constructor(element, { failed, onOpen, onClose, onChange }) {
    Object.assign(this, { element, failed, onOpen, onClose, onChange, number: null, opener: null });
    element.addEventListener("submit", (event) => this.submit(event));
    element.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]")) { event.preventDefault(); this.close(); }
      const link = event.target.closest("a[data-inside], a[data-back]");
      if (link) { event.preventDefault(); this.follow(link); }
    });
  }

  async open(number) {
    if (this.element.hidden || this.number !== number) this.opener = document.activeElement;
    this.number = number;
    const waiting = setTimeout(() => this.show(skeleton()), 200);
    const request = await fetchDocument("GET", `/cases/${encodeURIComponent(number)}/drawer`).catch(() => null);
    clearTimeout(waiting);
    if (this.number === number) this.receive(request);
  }

  // The form of an act on a page of its own, shown here; from there back to the case.
  async follow(link) {
    const drawer = `/cases/${encodeURIComponent(this.number)}/drawer`, url = new URL(link.href);
    if ("back" in link.dataset) { this.open(this.number); return; }
    url.searchParams.set("back", drawer);
    this.receive(await fetchDocument("GET", url.href).catch(() => null));
  }

  receive(request) {
    const url = request && new URL(request.responseURL);
    if (url && url.pathname === "/login") { location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`); return; }
    if (!request) { this.show(sentence(this.failed)); return; }
    const page = request.response;
    this.show([...(page.querySelector("main") ?? page.body).childNodes].map((node) => document.importNode(node, true)));
    this.element.querySelector("h1")?.focus({ preventScroll: true });
    this.onOpen(this.number);
  }

  show(nodes) {
    const entering = this.element.hidden;
    this.element.hidden = false;
    this.element.classList.toggle("enter", entering);
    this.element.replaceChildren(...nodes);
    this.element.scrollTop = 0;
    this.element.parentElement.classList.add("open");
  }

  close() {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.element.parentElement.classList.remove("open");
    this.number = null;
    this.opener?.focus?.({ preventScroll: true });
    this.onClose();
    return true;
  }

  // Sends a form of the drawer and shows the answer, which is the drawer again or a refusal.
  async submit(event) {
    const form = event.target;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    body.set("back", `/cases/${encodeURIComponent(this.number)}/drawer`);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const plain = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
    const request = await fetchDocument("POST", form.action, plain).catch(() => null);
    if (!request) { for (const button of form.querySelectorAll("button")) button.disabled = false; }
    this.receive(request);
    if (request?.status === 200 && PAGE.test(new URL(request.responseURL).pathname)) this.onChange(this.number);
  }

  // The first proposal's button, or the act that this state waits for.
  press(action) {
    const wanted = this.element.querySelector(`form[data-act="${action}"] button.pri, button[data-act="${action}"], a[data-act="${action}"], details[data-act="${action}"] > summary`);
    wanted?.click();
    return Boolean(wanted);
  }
}

function skeleton() {
  const box = document.createElement("div");
  box.className = "skel";
  box.append(...Array.from({ length: 6 }, () => document.createElement("i")));
  return [box];
}

function sentence(words) {
  const text = document.createElement("p");
  text.className = "ds";
  text.setAttribute("role", "alert");
  text.textContent = words;
  return [text];
}
