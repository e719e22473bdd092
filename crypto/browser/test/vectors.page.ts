/** The shared vectors, in a browser: the outcome is left where a test reads it. */

import { runVectors } from "./vectors.ts";

const load = async (name: string): Promise<any> => (await fetch(`/${name}.json`)).json();

Object.assign(window, { outcomes: await runVectors(load).catch((error: unknown) => String(error)) });
