// `npm start`: from a bare checkout to the open app. Every step reports what it does, and how to continue when it
// fails.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureEngine } from './docker-engine.mjs'
import { endTogether, parentEnv } from './end-together.mjs'
import { electronBinary, ensureBuilt, ensureDependencies, hasDisplay } from './set-up.mjs'
import { nodeEnv, nodeFlags, projectNode, root, run, say } from './set-up.mjs'

try {
  await ensureDependencies()
  await ensureBuilt()
  const engine = await ensureEngine({ log: say })
  if (!engine.ready)
    say(`${engine.message}\nYou can go on with simulated workers: choose them when you create a cluster.`)
  const env = engine.ready ? { DOCKER_HOST: engine.host } : {}
  const electron = hasDisplay() ? await findElectron() : undefined
  if (electron) start(electron, [root], env)
  else {
    say('No display or no Electron binary: serving the app for your browser. Open this address; it can be used once.')
    start(projectNode(), [...nodeFlags, join(root, 'out/main/cli.js'), 'serve', ...process.argv.slice(2)], {
      ...nodeEnv,
      ...env,
    })
  }
} catch (error) {
  say(`slipway: ${error.message}`)
  process.exit(1)
}

/** Path of the Electron binary; downloaded by its own installer if the network allows. */
async function findElectron() {
  if (!electronBinary()) {
    say('Fetching Electron …')
    const cwd = join(root, 'node_modules/electron')
    await run(projectNode(), ['install.js'], { cwd, stdio: 'ignore' }).catch(() => undefined)
  }
  return electronBinary()
}

function start(command, args, env) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env, ...parentEnv } })
  endTogether(child)
}
