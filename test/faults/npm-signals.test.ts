import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { newDataFolder } from '../support/slipway.ts'

/** Wall 12: the app that npm started ends in order when npm is told to end, or is gone. */

const root = join(import.meta.dirname, '../..')
let data: string
let npm: ChildProcess

/** Runs a script of package.json until it has printed its first line. */
async function npmRun(words: string[]): Promise<void> {
  data = await newDataFolder()
  npm = spawn('npm', [...words, '--data', data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      SLIPWAY_HOME: data,
      SLIPWAY_TEST: process.env['SLIPWAY_TEST'] ?? 'ci',
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
    },
  })
  const { stdout } = npm
  if (!stdout) throw new Error('npm has no output')
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stdout }).once('line', () => resolve())
    npm.once('exit', (code) => reject(new Error(`npm ended with ${code}`)))
  })
}

/** Processes with `data` among their arguments: npm, the script, the app. */
function processes(): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(data) ? [{ pid: Number(pid), command }] : []
      } catch {
        return []
      }
    })
}

const pidOf = (part: string): number => {
  const found = processes().find(({ command }) => command.includes(part))
  if (!found) throw new Error(`no process has ${part} in its command line`)
  return found.pid
}

async function expectOrderlyEnd(): Promise<void> {
  const deadline = Date.now() + 60_000
  while (processes().length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
  expect(processes()).toEqual([])
  // The store's lock and the control socket go last, after workers and control plane have stopped.
  expect(existsSync(join(data, 'control.sock'))).toBe(false)
  for (const cluster of existsSync(join(data, 'clusters')) ? readdirSync(join(data, 'clusters')) : [])
    expect(existsSync(join(data, 'clusters', cluster, 'store/lock'))).toBe(false)
}

afterEach(async () => {
  for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
  await rm(data, { recursive: true, force: true })
})

const up = ['run', '-s', 'slipway', '--', 'up', '--name', 'npm', '--simulated', '2']

test.each<[string, string[], () => number, NodeJS.Signals]>([
  ['SIGTERM to npm', up, () => npm.pid ?? 0, 'SIGTERM'],
  ['SIGINT to npm', up, () => npm.pid ?? 0, 'SIGINT'],
  ['SIGKILL of npm', up, () => npm.pid ?? 0, 'SIGKILL'],
  ['SIGKILL of the script', up, () => pidOf('scripts/slipway.mjs'), 'SIGKILL'],
  ['SIGHUP to the app', up, () => pidOf('out/main/cli.js'), 'SIGHUP'],
  ['SIGTERM to npm start', ['start', '-s', '--'], () => npm.pid ?? 0, 'SIGTERM'],
  ['SIGKILL of npm start', ['start', '-s', '--'], () => npm.pid ?? 0, 'SIGKILL'],
])('%s ends the app and its workers', async (_name, words, pid, signal) => {
  await npmRun(words)
  expect(processes().some(({ command }) => command.includes('out/main/cli.js'))).toBe(true)
  process.kill(pid(), signal)
  await expectOrderlyEnd()
})
