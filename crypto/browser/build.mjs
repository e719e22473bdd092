/**
 * Bundles a script for each page that has one, into intake/static: whoever reports need not fetch what only a return needs.
 * The same sources give the same bytes anywhere: no map, no path, no date.
 */

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../../intake/static");
/** Tor Browser takes gzip only on onions. Above this the bundle is minified: harder to read, but slow circuits come first. */
const GZIP_LIMIT = 45_000;

/** What explains a table to whoever edits it does not travel. */
const tables = {
  name: "tables",
  setup: ({ onLoad }) => onLoad({ filter: /\.json$/ }, async ({ path }) =>
    ({ contents: JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), about: undefined }), loader: "json" })),
};

async function bundle(entry, minify) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    charset: "utf8",
    legalComments: "none",
    minify,
    plugins: [tables],
    write: false,
  });
  return result.outputFiles[0].contents;
}

const size = (bytes) => gzipSync(bytes, { level: 9 }).length;
for (const page of ["report", "return"]) {
  let bytes = await bundle(`page-${page}.ts`, false);
  if (size(bytes) > GZIP_LIMIT) bytes = await bundle(`page-${page}.ts`, true);
  await writeFile(join(out, `${page}.js`), bytes);
  console.log(`${page}.js: ${bytes.length} bytes, ${size(bytes)} with gzip`);
}
