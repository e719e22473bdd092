/** Entry of the report page's script. */

import { begin } from "./pages.ts";
import { startReport } from "./report.ts";

await begin(startReport);
