/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** What every page starts with travels in one file: that packs better than twenty small ones. */
const first = { name: "first", tags: ["$initial" as const] };

/** Where `npm run dev` finds the API; the page itself always asks its own origin. */
const api = process.env.CALLMISSED_PUBLIC_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    sourcemap: false,
    manifest: true,
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: [first] } } },
  },
  server: { port: 5173, proxy: Object.fromEntries(["/v1", "/api", "/health"].map((path) => [path, api])) },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "http://localhost/" } },
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
