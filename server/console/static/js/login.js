// The sign-in page: shows the password on demand.
import "./trusted.js";

const field = document.querySelector("input[type=password]");
const button = document.createElement("button");
button.type = "button";
const tell = () => {
  const shown = field.type === "text";
  button.textContent = shown ? field.dataset.hide : field.dataset.show;
  button.setAttribute("aria-pressed", String(shown));
};
button.addEventListener("click", () => { field.type = field.type === "text" ? "password" : "text"; tell(); });
tell();
field.after(button);
