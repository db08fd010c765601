// The phone desk: while a report is written, the category's own questions stand in it, and what may be the same matter
// beside it. Without this the page is whole: the questions are asked once the form is sent, the list stands on the case.
import { fetchDocument } from "./drawer.js";

const form = document.querySelector("form[data-beside]"), beside = document.getElementById("beside");
const questions = document.getElementById("questions");
let asked = "", category = form.elements.category.value;

form.addEventListener("change", async () => {
  const chosen = form.elements.category.value;
  if (chosen === category) return;
  category = chosen;
  const address = `${questions.dataset.asks}?${new URLSearchParams({ category: chosen })}`;
  const { status, response } = await fetchDocument("GET", address).catch(() => ({}));
  if (chosen !== category) return;
  // Without an answer the server asks once the form is sent.
  questions.replaceChildren(...(status === 200 ? response.body.childNodes : []));
});

form.addEventListener("change", async () => {
  const given = new FormData(form);
  const question = new URLSearchParams(["category", "place", "grid"].map((name) => [name, given.get(name) ?? ""])).toString();
  if (question === asked) return;
  asked = question;
  const { status, response } = await fetchDocument("GET", `${form.dataset.beside}?${question}`).catch(() => ({}));
  // A later question may have been answered first.
  if (status === 200 && question === asked) beside.replaceChildren(...response.body.childNodes);
});
