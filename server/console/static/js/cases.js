// The list of cases: keys, and kept up to date where it stands; everything else is links and forms.
import "./trusted.js";
import { live } from "./live.js";
import { refresh } from "./live_list.js";
import { moveByKeys } from "./rows.js";

moveByKeys(".tb .ti");
live(refresh);
document.querySelector("[data-fresh]")?.addEventListener("click", () => location.reload());
