import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'

/** One look may be a kubectl command: a quarter of a second of CPU, and seconds on a loaded machine. */
const rarely = { poll: { timeout: 20_000, interval: 400 } }

export default defineConfig({
  plugins: [vue()],
  test: {
    // On a loaded CI machine a test of real processes may lose a race once: it gets a second try, which the report names.
    retry: process.env.CI ? 1 : 0,
    expect: { poll: { timeout: 20_000, interval: 50 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          setupFiles: ['test/support/texts.ts', 'test/support/settled-imports.ts'],
          // Files share their modules: loading them anew for each of 450 files takes three times as long as the tests.
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          expect: rarely,
          include: ['test/integration/**/*.test.ts'],
          isolate: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          // Each file has a cluster of its own, and mostly waits for its containers.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'security',
          expect: rarely,
          include: ['test/security/**/*.test.ts'],
          isolate: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          expect: rarely,
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: ['test/scenarios/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'answers',
          include: ['test/answers/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          expect: rarely,
          include: ['test/conformance/**/*.test.ts'],
          isolate: false,
          globalSetup: 'test/conformance/servers.ts',
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: 3,
          // Tests of one file that run side by side mostly wait for their pods.
          maxConcurrency: 16,
        },
      },
    ],
  },
})
