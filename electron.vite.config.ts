import { resolve } from 'node:path'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { firstLoad } from './scripts/first-load.ts'

const main = {
  index: resolve('src/main/index.ts'),
  cli: resolve('src/main/cli.ts'),
  'store-worker': resolve('src/main/cluster/store/log-worker.ts'),
  'yaml-worker': resolve('src/main/cluster/apiserver/codec/yaml-worker.ts'),
}

// What the bundler would warn of on a user's terminal: the first load is held by `firstLoad`, and a busy machine is slow.
const chunkSizeWarningLimit = 5_000
const checks = { pluginTimings: false }

/** Four programs: main and preload for Electron's own Node, the face for its Chromium; the agent is built apart. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      chunkSizeWarningLimit,
      rolldownOptions: { checks, input: main, output: { format: 'es', entryFileNames: '[name].js' } },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload has to be CommonJS, in one file.
      rolldownOptions: {
        checks,
        input: { index: resolve('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [
      vue(),
      tailwindcss(),
      // Raise the limit for what every page needs, and for nothing else.
      firstLoad({
        kilobytes: 510,
        later: ['@codemirror/', '@lezer/', '@xterm/', '@peculiar/', 'yaml/', 'zod/', '@vue-flow/', 'elkjs/'],
      }),
    ],
    // vue-i18n without its old interface and its hooks for developers' tools.
    define: {
      __VUE_I18N_FULL_INSTALL__: 'false',
      __VUE_I18N_LEGACY_API__: 'false',
      __INTLIFY_PROD_DEVTOOLS__: 'false',
    },
    build: {
      outDir: 'out/renderer',
      chunkSizeWarningLimit,
      minify: true,
      // One file of styles, which the page itself names: what a part brings along would not be asked for again.
      cssCodeSplit: false,
      license: { fileName: 'licences.md' },
      rolldownOptions: { checks, input: { index: resolve('src/renderer/index.html') } },
    },
  },
})
