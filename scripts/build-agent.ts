import { join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/**
 * What libraries load at once and the agent never calls: dockerode's transport by ssh, whose WebAssembly alone takes 16 MiB of
 * each worker, and its builds.
 */
const unused: Plugin = {
  name: 'unused',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|\.\/session|\.\/buildkit|tar-fs|@balena\/dockerignore)$/ }, ({ path, importer }) =>
      /node_modules\/(dockerode|docker-modem)\//.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
    // docker-modem describes each request for a log that is off: a fourth of what a request costs an idle agent.
    onResolve({ filter: /^util$/ }, ({ path, importer }) =>
      /node_modules\/docker-modem\/lib\/modem\.js$/.test(importer) ? { path, namespace: 'undescribed' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'undescribed' }, () => ({
      contents: `module.exports = { ...require('node:util'), inspect: () => '' }`,
    }))
  },
}

/** Bundles the agent to one file for the worker's Node 20: `out/agent/agent.cjs`. */
export const agentBundle: BuildOptions = {
  entryPoints: [join(root, 'src/agent/main.ts')],
  outfile: join(root, 'out/agent/agent.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  plugins: [unused],
  // The text is in memory for as long as the agent runs. Names stay, for what is logged of errors.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  logLevel: 'error',
}

if (import.meta.main) await build(agentBundle)
