/** Fails when what a browser loads before the first call weighs more than it may. livekit-client comes with Talk. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const MOST_KB = 180;
const DIST = new URL("../dist/", import.meta.url);
const FIRST = ["index.html", "src/pages/playground/PlaygroundPage.tsx"];

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));
const files = new Set();

function collect(name) {
  const chunk = manifest[name];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const style of chunk.css ?? []) files.add(style);
  for (const needed of chunk.imports ?? []) collect(needed);
}

FIRST.forEach(collect);
const sizes = [...files].map((file) => [file, gzipSync(readFileSync(new URL(file, DIST))).length / 1000]);
const total = sizes.reduce((sum, [, kb]) => sum + kb, 0);
const livekit = [...files].filter((file) => readFileSync(new URL(file, DIST), "utf8").includes("RTCPeerConnection"));

console.log(`first page: ${total.toFixed(1)} kB compressed of at most ${MOST_KB} (${files.size} files)`);
if (total > MOST_KB || livekit.length > 0 || files.size < 2) {
  for (const [file, kb] of sizes) console.error(`  ${kb.toFixed(1)} kB  ${file}`);
  if (livekit.length > 0) console.error(`  livekit-client is in ${livekit.join(", ")}; only voice/room.ts may import it`);
  process.exit(1);
}
