// Finds a Docker Engine that answers. Plain JavaScript: the set-up scripts use it before anything is installed, the app
// after; its types are in find-engine.d.mts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The first engine that answers: DOCKER_HOST, the current docker context, then the usual sockets. */
export async function findEngine() {
  for (const host of candidates()) {
    const version = await ping(host)
    if (version) return { ready: true, host, version }
  }
  return undefined
}

function candidates() {
  const home = homedir()
  const runtime = process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 0}`
  const sockets = [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.config/colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(runtime, 'docker.sock'),
  ]
  const named = process.env.DOCKER_HOST ? [process.env.DOCKER_HOST] : []
  return [...named, ...contextHosts(), ...sockets.filter((path) => existsSync(path)).map((path) => `unix://${path}`)]
}

/** Endpoint of the current docker context, read from the docker client's own files. */
function contextHosts() {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker')
  try {
    const current =
      process.env.DOCKER_CONTEXT ?? JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).currentContext
    const metas = join(folder, 'contexts/meta')
    for (const id of readdirSync(metas)) {
      const meta = JSON.parse(readFileSync(join(metas, id, 'meta.json'), 'utf8'))
      if (meta.Name === current) return [meta.Endpoints.docker.Host]
    }
  } catch {
    // No contexts.
  }
  return []
}

/** @returns the engine's version, or undefined when nothing answers there within two seconds. */
function ping(host) {
  const url = new URL(host)
  const where = url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || 2375 }
  if (!['unix:', 'tcp:', 'http:'].includes(url.protocol)) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const outgoing = request({ ...where, path: '/version', timeout: 2_000 }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        try {
          resolve(JSON.parse(text).Version)
        } catch {
          resolve(undefined)
        }
      })
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(undefined))
    outgoing.end()
  })
}
