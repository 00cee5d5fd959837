import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeEnv, nodeFlags } from '../../scripts/set-up.mjs'

/** What `slipway up` says when it is ready. */
export interface Ready {
  ready: true
  name: string
  server: string
  ui: string
  workers: string[]
  ms: number
}

/** A real `slipway` process of the built app, as users and scripts run it. */
export interface Slipway {
  ready: Ready
  process: ChildProcess
  data: string
  kubeconfig: string
  /** Runs another command on the same data folder; resolves with its output and exit code. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** Ends it: `SIGTERM` and waits, or `SIGKILL`. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const cli = join(root, 'out/main/cli.js')
const node = join(root, 'node_modules/node/bin/node')

export const newDataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'slipway-test-'))

/**
 * @param options `data`: an existing folder, to open the cluster in it again; `rm`: remove everything at the end;
 * `openFiles`: the process's limit of descriptors; `nodeFlags` and `env`: more of them
 */
export async function slipwayUp(options: {
  name: string
  args?: string[]
  data?: string
  rm?: boolean
  openFiles?: number
  nodeFlags?: string[]
  env?: Record<string, string>
}): Promise<Slipway> {
  const data = options.data ?? (await newDataFolder())
  const kubeconfig = join(data, 'admin.kubeconfig')
  const args = ['up', '--name', options.name, '--data', data, '--kubeconfig', kubeconfig]
  const words = [...nodeFlags, ...(options.nodeFlags ?? []), cli, ...args, ...(options.args ?? [])]
  if (options.rm !== false) words.push('--rm')
  const limited = ['-c', `ulimit -n ${options.openFiles ?? 0} && exec "$@"`, 'sh', node, ...words]
  const child = spawn(
    options.openFiles === undefined ? node : 'sh',
    options.openFiles === undefined ? words : limited,
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...testEnvironment(data), ...options.env },
    },
  )
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-20_000)))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    closed.then(() => Promise.reject(new Error(`slipway up ended:\n${errors}`))),
  ])
  return {
    ready: JSON.parse(line) as Ready,
    process: child,
    data,
    kubeconfig,
    run: (...words) => runSlipway(words, data),
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      await closed
      if (signal === 'SIGTERM' && options.rm !== false) await rm(data, { recursive: true, force: true })
    },
  }
}

/** Runs one command of the built app to its end. */
export function runSlipway(args: string[], home: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: testEnvironment(home) })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
  })
}

/** A home of its own, so that tests know nothing of the user's clusters; everything made carries the test label. */
const testEnvironment = (home: string): NodeJS.ProcessEnv => ({
  ...process.env,
  SLIPWAY_HOME: home,
  SLIPWAY_TEST: process.env['SLIPWAY_TEST'] ?? 'ci',
  ...nodeEnv,
})

/** The app for a browser, without a cluster yet. */
export interface ServedSlipway {
  /** Opens a session, once. */
  url: string
  data: string
  /** Sends a signal: `SIGSTOP` freezes it, `SIGCONT` lets it go on. */
  signal(name: NodeJS.Signals): void
  /** Ends it: `SIGTERM`, and its data go; `SIGKILL`, and they stay for the next. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * @param options `data`: an existing folder; `port`: any free one when unset; `kubeconfig`: its user's; `engine`: the address of its
 * Docker Engine; `onLog`: gets what it writes to stderr, which is shown when unset
 */
export async function serveSlipway(
  options: {
    data?: string
    port?: number
    kubeconfig?: string
    engine?: string
    onLog?: (text: string) => void
  } = {},
): Promise<ServedSlipway> {
  const data = options.data ?? (await newDataFolder())
  const child = spawn(node, [cli, 'serve', '--data', data, '--ui-port', String(options.port ?? 0)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...testEnvironment(data),
      SLIPWAY_LOG: 'warn',
      ...(options.kubeconfig === undefined ? {} : { KUBECONFIG: options.kubeconfig }),
      ...(options.engine === undefined ? {} : { DOCKER_HOST: options.engine }),
    },
  })
  const { onLog = (text) => void process.stderr.write(text) } = options
  child.stderr.on('data', (chunk: Buffer) => onLog(chunk.toString()))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    closed.then(() => Promise.reject(new Error('slipway serve ended'))),
  ])
  return {
    url,
    data,
    signal: (name) => void child.kill(name),
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      await closed
      if (signal === 'SIGTERM') await rm(data, { recursive: true, force: true })
    },
  }
}
