// `npm run dev`: the app for a browser with hot reload. Vite serves the user interface with hot module replacement; the
// back end restarts when one of its files changes; the agent is bundled again for the next worker that starts. Uses its
// own data folder, .cache/dev.
// `npm run dev -- --port N` uses N for the user interface and N + 1 for the back end (5173 and 5174).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureEngine } from './docker-engine.mjs'
import { endTogether, onParentGone } from './end-together.mjs'
import { ensureBuilt, ensureDependencies, nodeEnv, nodeFlags, projectNode, root, say } from './set-up.mjs'

if (!process.env.SLIPWAY_DEV) {
  await ensureDependencies()
  await ensureBuilt()
  const engine = await ensureEngine({ log: say })
  if (!engine.ready) say(`${engine.message}\nSimulated workers can be used instead.`)
  // The build tools need the project's own Node.
  const env = { ...process.env, ...(engine.ready ? { DOCKER_HOST: engine.host } : {}), SLIPWAY_DEV: '1' }
  const child = spawn(projectNode(), [import.meta.filename, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  endTogether(child)
} else
  await develop().catch((error) => {
    say(`dev: ${error.message}; if the port is in use, choose another: npm run dev -- --port 5200`)
    process.exit(1)
  })

async function develop() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } })
  const facePort = Number(values.port)
  const backPort = facePort + 1
  const stops = [
    await serveFace({ port: facePort, back: `http://127.0.0.1:${backPort}` }),
    await watchAgent(),
    runBack({ facePort, backPort }),
  ]
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.once(signal, async () => {
      await Promise.all(stops.map((stop) => stop()))
      process.exit(0)
    })
  onParentGone(() => process.kill(process.pid, 'SIGTERM'))
}

/** The user interface by Vite; `/rpc` and the one-time token are proxied to the back end as if from its own page. */
async function serveFace({ port, back }) {
  const { createServer } = await import('vite')
  const { resolveConfig } = await import('electron-vite')
  const resolved = await resolveConfig({ root }, 'serve', 'development')
  const { renderer = {} } = resolved.config ?? {}
  const fromOwnPage = (proxy) => {
    for (const event of ['proxyReq', 'proxyReqWs']) proxy.on(event, (request) => request.setHeader('origin', back))
    proxy.on('error', () => undefined)
  }
  const toBack = { target: back, changeOrigin: true, configure: fromOwnPage }
  const server = await createServer({
    ...renderer,
    configFile: false,
    root: join(root, 'src/renderer'),
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      proxy: { '/rpc': { ...toBack, ws: true }, '^/\\?token=': toBack, '/sign-out': toBack },
    },
  })
  await server.listen()
  return () => server.close()
}

/** Bundles the agent whenever it changes; workers get the bundle when they start. */
async function watchAgent() {
  const { context } = await import('esbuild')
  const { agentBundle } = await import(pathToFileURL(join(root, 'scripts/build-agent.ts')).href)
  const bundle = await context(agentBundle)
  await bundle.watch()
  return () => bundle.dispose()
}

/**
 * Runs the back end from its sources, restarted by Node on changes. Prints the address of Vite's page instead of its
 * own.
 */
function runBack({ facePort, backPort }) {
  const data = join(root, '.cache/dev')
  const entry = join(root, 'src/main/cli.ts')
  const child = spawn(
    process.execPath,
    [...nodeFlags, '--watch', '--watch-preserve-output', entry, 'serve', '--data', data, '--ui-port', String(backPort)],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...nodeEnv } },
  )
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text) =>
    process.stdout.write(text.replaceAll(`127.0.0.1:${backPort}/?token`, `127.0.0.1:${facePort}/?token`)),
  )
  return () =>
    new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGTERM')
    })
}
