// Finds a Docker Engine, or starts or installs one. Plain JavaScript without dependencies, for the user's own Node.
//   node scripts/docker-engine.mjs ensure|find|stop
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apt, withDebianPackages } from './debian-packages.mjs'
import { findEngine } from '../src/main/cluster/workers/docker/find-engine.mjs'

const pidFile = join(tmpdir(), 'slipway-dockerd.pid')
const logFile = join(tmpdir(), 'slipway-dockerd.log')

/**
 * @param {{log?: (line: string) => void}} options
 * @returns {Promise<{ready: true, host: string, version: string} | {ready: false, message: string}>}
 */
export async function ensureEngine({ log = () => undefined } = {}) {
  const found = await findEngine()
  if (found) return found
  if (process.platform !== 'linux')
    return {
      ready: false,
      message: 'No Docker Engine answers. Start Docker Desktop (or Colima, Rancher Desktop) and try again.',
    }
  if (!installed('dockerd') && !(await installEngine(log)))
    return {
      ready: false,
      message:
        'No Docker Engine is installed; it can be installed automatically only as root on Debian or Ubuntu. Install it (https://docs.docker.com/engine/install/) or run this as root.',
    }
  return startEngine(log)
}

/** Starts the installed engine: by systemd or the service script if present, else as a child process. */
async function startEngine(log) {
  log('Starting the Docker Engine …')
  if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['start', 'docker'], { stdio: 'ignore' })
  const bySystem = await waitForEngine(existsSync('/run/systemd/system') ? 20_000 : 0)
  if (bySystem) return bySystem
  if (process.getuid?.() !== 0)
    return {
      ready: false,
      message: 'The Docker Engine is installed but not running. Start it: sudo systemctl start docker',
    }
  const output = openSync(logFile, 'a')
  const child = spawn('dockerd', ['--host', 'unix:///var/run/docker.sock'], {
    detached: true,
    stdio: ['ignore', output, output],
  })
  writeFileSync(pidFile, String(child.pid))
  child.unref()
  const own = await waitForEngine(30_000)
  if (own) return own
  const reason = readFileSync(logFile, 'utf8').trim().split('\n').slice(-1)[0]
  return { ready: false, message: `The Docker Engine does not start: ${reason}` }
}

async function waitForEngine(ms) {
  for (const end = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const found = await findEngine()
    if (found || Date.now() >= end) return found
  }
}

/** Stops the engine if `startEngine` started it as a child process. */
export async function stopEngine() {
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, 'utf8'))
  try {
    process.kill(pid, 'SIGTERM')
    for (let i = 0; i < 150; i++) {
      process.kill(pid, 0)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } catch {
    // It has ended.
  }
  rmSync(pidFile, { force: true })
}

const installed = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

/** @returns whether the engine is installed now */
async function installEngine(log) {
  if (process.getuid?.() !== 0 || !installed('apt-get')) return false
  log('Installing the Docker Engine …')
  apt(['update', '-qq'])
  const release = readFileSync('/etc/os-release', 'utf8')
  if (
    /^ID=debian$/m.test(release) &&
    Number(/^VERSION_ID="?(\d+)/m.exec(release)?.[1] ?? 99) < 13 &&
    lacksSysResource()
  )
    installFromTrixie()
  else apt(['install', '-y', '-qq', '--no-install-recommends', 'docker.io', 'iptables', ...commandLine()])
  return installed('dockerd')
}

/** When docker.io does not include the command line, that is a separate package. */
const commandLine = () =>
  spawnSync('apt-cache', ['show', 'docker-cli'], { stdio: 'ignore' }).status === 0 ? ['docker-cli'] : []

/** Docker before 23 requests every capability, and fails on machines that lack one. */
function lacksSysResource() {
  const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  return (bounding & (1n << 24n)) === 0n
}

/**
 * On Debian 12: docker.io and containerd of trixie, which work with its libc; runc, iptables and tini stay bookworm's.
 */
function installFromTrixie() {
  withDebianPackages(['trixie'], ({ download }) => {
    const debs = download('docker.io', 'docker-cli', 'containerd')
    apt(['install', '-y', '-qq', '--no-install-recommends', 'runc', 'iptables', 'tini', ...debs])
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => process.stderr.write(`${line}\n`)
  const command = process.argv[2]
  if (command === 'stop') await stopEngine()
  else if (command === 'ensure' || command === 'find') {
    const engine = command === 'ensure' ? await ensureEngine({ log: say }) : await findEngine()
    if (engine?.ready) process.stdout.write(`${engine.host}\n`)
    else {
      say(engine?.message ?? 'No Docker Engine answers.')
      process.exit(1)
    }
  } else {
    say('usage: node scripts/docker-engine.mjs ensure|find|stop')
    process.exit(1)
  }
}
