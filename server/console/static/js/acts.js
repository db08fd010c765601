// What makes forms of acts quicker; without it they are whole. A long list is narrowed while typing, a quick choice of a
// moment stands in the field beside it, and what is typed there takes the choice back.
document.documentElement.classList.add("js");

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset?.narrows) narrow(document.getElementById(field.dataset.narrows), field.value.trim().toLowerCase());
  if (field.type === "datetime-local") for (const chip of chips(field)) chip.checked = chip.value === (chip.value && field.value);
});

document.addEventListener("change", (event) => {
  const chip = event.target, field = chip.dataset?.sets && document.getElementById(chip.dataset.sets);
  if (field) field.value = chip.value;
});

function chips(field) {
  return field.closest("fieldset")?.querySelectorAll("input[type=radio]") ?? [];
}

// Options that do not match are taken out of the way, the first that does is chosen.
function narrow(list, wanted) {
  const options = [...list.options].filter((option) => option.value);
  for (const option of options) {
    option.hidden = option.disabled = !`${option.text} ${option.dataset.known ?? ""}`.toLowerCase().includes(wanted);
  }
  for (const group of list.querySelectorAll("optgroup")) group.hidden = [...group.children].every((option) => option.hidden);
  const first = wanted && options.find((option) => !option.hidden);
  list.value = first ? first.value : "";
}
