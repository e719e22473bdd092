/** Entry of the return page's script. */

import { begin } from "./pages.ts";
import { startReturn } from "./return.ts";

await begin(startReturn);
