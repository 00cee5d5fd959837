import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a run of kubectl came to. */
export interface KubectlResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the kubectl on PATH against one cluster. */
export interface Kubectl {
  /** Waits for the end, whatever the exit code. @throws Error with what kubectl said, unless it ends within 150 s */
  (...args: string[]): Promise<KubectlResult>
  /** With text on standard input. */
  withInput(input: string | Buffer, ...args: string[]): Promise<KubectlResult>
  /** Waits for the end. @throws Error with what kubectl said, unless it exits with 0. @returns stdout */
  ok(...args: string[]): Promise<string>
  /**
   * Waits at most 90 s until the JSONPath of the object is the value, or anything if there is no value: what `wait
   * --for=jsonpath` of kubectl 1.31 does. @param args more of `get`, such as `-n`
   */
  waitForValue(object: string, path: string, value?: string | RegExp, ...args: string[]): Promise<void>
  /**
   * Waits at most 90 s until `get` finds nothing. `wait --for=delete` of kubectl before 1.24 fails for what is gone already.
   */
  waitForDeletion(...args: string[]): Promise<void>
  /** Starts one that is left running; kill it. */
  start(...args: string[]): RunningKubectl
  /** With more environment. */
  with(env: Record<string, string>): Kubectl
}

export interface RunningKubectl {
  child: ChildProcessWithoutNullStreams
  /** Resolves with all output so far once it matches. @throws Error with the output, unless it does within 90 s */
  output(expected: RegExp): Promise<string>
  stop(): Promise<void>
}

/**
 * Whether the kubectl on PATH is 1.`minor` or newer. Tests run with whatever kubectl the machine has: Debian's oldest is
 * 1.20, its newest that of the year. A test of what an older one lacks is not registered there:
 * `if (sinceKubectl(24)) it(…)`.
 */
export const sinceKubectl = (minor: number): boolean => (installedMinor ??= kubectlMinor()) >= minor

let installedMinor: number | undefined

function kubectlMinor(): number {
  const text = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  const { clientVersion } = JSON.parse(text) as { clientVersion: { minor: string } }
  return Number.parseInt(clientVersion.minor, 10)
}

/**
 * The whole output of a deletion, a line for each object (`pod "web"`, `pod "web" force`). kubectl 1.34 and newer name the
 * namespace too.
 */
export const deletedLines = (...objects: string[]): RegExp =>
  new RegExp(`^${objects.map((object) => `${object} deleted( from \\S+ namespace)?\\n`).join('')}$`)

export function createKubectl(kubeconfig: string, env: Record<string, string> = {}): Kubectl {
  const spawnOne = (args: string[]): ChildProcessWithoutNullStreams =>
    spawn('kubectl', args, { env: { ...process.env, KUBECONFIG: kubeconfig, ...env } })

  const withInput = async (input: string | Buffer, ...args: string[]): Promise<KubectlResult> => {
    const child = spawnOne(args)
    const overdue = setTimeout(() => child.kill('SIGKILL'), longestRunMs)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    clearTimeout(overdue)
    const result = { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
    if (signal === 'SIGKILL')
      throw new Error(`kubectl ${args.join(' ')}: killed after ${longestRunMs} ms\n${result.stderr}${result.stdout}`)
    return result
  }
  const run = (...args: string[]): Promise<KubectlResult> => withInput('', ...args)

  return Object.assign(run, {
    withInput,
    async ok(...args: string[]) {
      const { code, stdout, stderr } = await run(...args)
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}${stdout}`)
      return stdout
    },
    async waitForValue(object: string, path: string, value: string | RegExp = /./, ...args: string[]) {
      await pollFor(`${path} of ${object} is ${String(value)}`, async () => {
        const { stdout, stderr } = await run('get', object, ...args, '-o', `jsonpath=${path}`)
        return { done: typeof value === 'string' ? stdout === value : value.test(stdout), seen: stdout + stderr }
      })
    },
    async waitForDeletion(...args: string[]) {
      await pollFor(`${args.join(' ')} deleted`, async () => {
        const { code, stdout, stderr } = await run('get', ...args, '--ignore-not-found', '-o', 'name')
        return { done: code === 0 && stdout === '', seen: stdout + stderr }
      })
    },
    start: (...args: string[]) => running(spawnOne(args)),
    with: (more: Record<string, string>) => createKubectl(kubeconfig, { ...env, ...more }),
  })
}

/**
 * Less than a test's time limit, so that a failure names the command and what it has printed. The longest command waits
 * 120 s by itself.
 */
const longestRunMs = 150_000
const longestWaitMs = 90_000
/** A look costs a quarter of a second of CPU: without a pause, waiting takes a whole core from what is waited for. */
const betweenLooksMs = 500

async function pollFor(what: string, look: () => Promise<{ done: boolean; seen: string }>): Promise<void> {
  const end = Date.now() + longestWaitMs
  for (;;) {
    const { done, seen } = await look()
    if (done) return
    if (Date.now() >= end) throw new Error(`not within ${longestWaitMs} ms: ${what}; seen last: ${seen}`)
    await sleep(betweenLooksMs)
  }
}

function running(child: ChildProcessWithoutNullStreams): RunningKubectl {
  let text = ''
  const closed = once(child, 'close')
  const waiting = new Set<() => void>()
  const collect = (chunk: Buffer): void => {
    text += chunk.toString()
    for (const check of waiting) check()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  return {
    child,
    output: (expected) =>
      new Promise((resolve, reject) => {
        const refuse = (why: string): void => {
          settle()
          reject(new Error(`kubectl ${why} ${String(expected)}:\n${text}`))
        }
        const overdue = setTimeout(() => refuse(`did not print within ${longestWaitMs} ms`), longestWaitMs)
        const settle = (): void => {
          clearTimeout(overdue)
          waiting.delete(check)
        }
        const check = (): void => {
          if (!expected.test(text)) return
          settle()
          resolve(text)
        }
        waiting.add(check)
        void closed.then(() => refuse('ended without printing'))
        check()
      }),
    async stop() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
