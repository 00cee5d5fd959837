// Set-up that every entry script needs. Plain JavaScript without dependencies: it runs on the user's own Node (18 or
// newer) before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Path of the Node that the project pins (the `node` package), which runs all its programs. */
export function projectNode() {
  return join(root, 'node_modules/node/bin/node')
}

/**
 * Node options of the headless app. A bounded young generation and an eager free() reduce the control plane's memory at
 * the same speed; a cache of compiled code saves a tenth of a start's CPU (bench/RESULTS.md).
 */
export const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=8']
export const nodeEnv = {
  MALLOC_TRIM_THRESHOLD_: '262144',
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
}

export function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Electron's binary, which is downloaded separately from its package.
 * @returns its path; undefined when it is missing or no window can be shown
 */
export function electronBinary() {
  const dist = join(root, 'node_modules/electron/dist')
  if (!hasDisplay() || !existsSync(dist)) return undefined
  const name = ['electron', 'electron.exe', 'Electron.app'].find((file) => readdirSync(dist).includes(file))
  return name && join(dist, name === 'Electron.app' ? 'Electron.app/Contents/MacOS/Electron' : name)
}

/** Whether windows can be shown. On Linux Electron needs an X server (Xvfb in CI) or Wayland. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** Installs the locked dependencies when they are missing or older than the lock file. */
export async function ensureDependencies({ quiet = false } = {}) {
  if (areInstalled()) return
  await alone(async () => {
    if (areInstalled()) return
    if (!quiet) say('Installing dependencies (about a minute, once) …')
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], { stdio: ['ignore', 2, 2] })
    if (!existsSync(projectNode()))
      await run(process.execPath, ['installArchSpecificPackage'], {
        cwd: join(root, 'node_modules/node'),
        stdio: ['ignore', 2, 2],
      })
  })
}

function areInstalled() {
  const stamp = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(stamp)) return false
  return statSync(stamp).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs || sameLock(stamp)
}

/** How long a lock holds that its process has not removed, ms: its id may be another one's by now. */
const lockAge = 900_000

/** Does what changes the tree while no other command does: two that are typed at once share one build. */
export async function alone(work, lock = join(root, '.cache/set-up.lock')) {
  mkdirSync(dirname(lock), { recursive: true })
  while (!tryLock(lock)) await delay(200)
  try {
    await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isHeld(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isHeld(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > lockAge) return false
    // Empty for a moment after its creation.
    const pid = Number(readFileSync(lock, 'utf8'))
    return pid === 0 || process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Installs the locked packages of a folder with dependencies of its own; none of their scripts runs. */
export async function ensurePackages(folder) {
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: join(root, folder),
    stdio: ['ignore', 2, 2],
  })
}

// A git checkout changes file times; npm's own copy of the lock file records what is installed.
function sameLock(stamp) {
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(stamp, 'utf8')).packages
  return Object.entries(installed).every(([path, { version }]) => wanted[path]?.version === version)
}

/** Builds main, preload, user interface and agent when a source is newer than the last build. */
export async function ensureBuilt({ quiet = false } = {}) {
  const stamp = join(root, 'out/.built')
  const isBuilt = () => existsSync(stamp) && newestSource() <= statSync(stamp).mtimeMs
  if (isBuilt()) return
  await alone(async () => {
    if (isBuilt()) return
    if (!quiet) say('Building …')
    const begun = new Date()
    await run('npm', ['run', '-s', 'build'], { stdio: ['ignore', quiet ? 'ignore' : 2, 2] })
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, '')
    // What was saved during the build may not be in it.
    utimesSync(stamp, begun, begun)
  })
}

function newestSource() {
  let newest = statSync(join(root, 'package.json')).mtimeMs
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) visit(path)
      else if (!path.includes('/generated/') && !path.endsWith('.test.ts'))
        newest = Math.max(newest, statSync(path).mtimeMs)
    }
  }
  for (const folder of ['src', 'scripts']) visit(join(root, folder))
  return newest
}

/** Runs a command on the project's Node and tools, with a scheduling priority if given. Resolves when it exits with 0. */
export function run(command, args, { env = {}, priority, ...options } = {}) {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(':')
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      ...options,
      env: { ...process.env, PATH: path, ...env },
    })
    if (priority && child.pid) setPriority(child.pid, priority)
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`)),
    )
  })
}

export function isRoot() {
  return process.getuid?.() === 0
}

export function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0
}

/** Installs Debian packages if this machine allows it without prompts. @returns whether they were installed */
export async function aptInstall(packages) {
  if (!isRoot() || !has('apt-get')) return false
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { stdio: ['ignore', 'ignore', 2], env }
  await run('apt-get', ['update', '-qq'], quiet)
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet)
  return true
}
