import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // WebKitGTK 2.50 and the web views of the other systems of today.
    target: ["es2022", "safari16"],
    // Nothing inline: the page's policy allows scripts, styles and fonts from its own files only.
    assetsInlineLimit: 0,
    // One window, one file: splitting saves nothing when the files lie in the program.
    chunkSizeWarningLimit: 2048,
  },
  // Fixed, since tauri.conf.json names it.
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
    // A busy machine is slow, not wrong: this bounds a test that hangs.
    testTimeout: 60_000,
  },
});
