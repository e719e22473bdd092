/** Bundles pages.ts into intake/static/reporter.js. The same sources give the same bytes anywhere: no map, no path, no date. */

import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../../intake/static/reporter.js");
/** Tor Browser takes gzip only on onions. Above this the bundle is minified: harder to read, but slow circuits come first. */
const GZIP_LIMIT = 45_000;

async function bundle(minify) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["pages.ts"],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    charset: "utf8",
    legalComments: "none",
    minify,
    write: false,
  });
  return result.outputFiles[0].contents;
}

const size = (bytes) => gzipSync(bytes, { level: 9 }).length;
let bytes = await bundle(false);
if (size(bytes) > GZIP_LIMIT) bytes = await bundle(true);
await writeFile(out, bytes);
console.log(`${bytes.length} bytes, ${size(bytes)} with gzip`);
