// The phone desk: while a report is written, what may be the same matter stands beside it. Without this the page is whole:
// the same list stands on the case once it is reported.
import { fetchDocument } from "./drawer.js";

const form = document.querySelector("form[data-beside]"), beside = document.getElementById("beside");
let asked = "";

form.addEventListener("change", async () => {
  const given = new FormData(form);
  const question = new URLSearchParams(["category", "place", "grid"].map((name) => [name, given.get(name) ?? ""])).toString();
  if (question === asked) return;
  asked = question;
  const { status, response } = await fetchDocument("GET", `${form.dataset.beside}?${question}`).catch(() => ({}));
  // A later question may have been answered first.
  if (status === 200 && question === asked) beside.replaceChildren(...response.body.childNodes);
});
