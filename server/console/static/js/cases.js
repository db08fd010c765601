// The list of cases: keys only; everything else is links and forms.
import "./trusted.js";
import { moveByKeys } from "./rows.js";

moveByKeys(".tb .ti");
