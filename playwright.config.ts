import { defineConfig } from '@playwright/test'

/** The face in Debian's Chromium against a real headless Slipway; the desktop specs through the stand-in of test/support. */
export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results/e2e',
  timeout: 300_000,
  expect: { timeout: 20_000 },
  // Files side by side: each starts an app of its own, and waits most of the time.
  workers: 2,
  // As in vitest.config.ts: one more try on a loaded CI machine, which the report names.
  retries: process.env.CI ? 1 : 0,
  reporter: [
    ['list'],
    ...(process.env.SLIPWAY_REPORT ? [['json', { outputFile: process.env.SLIPWAY_REPORT }] as const] : []),
  ],
  use: {
    viewport: { width: 1440, height: 900 },
    // What cannot be pressed within a minute is missing: it is told at once, not at the test's end.
    actionTimeout: 60_000,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    // A trace takes a snapshot of the page at every step, which costs as much as the page itself.
    trace: 'on-first-retry',
  },
})
