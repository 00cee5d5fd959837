import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'

/** What a run of kubectl came to. */
export interface KubectlResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the kubectl on PATH against one cluster. */
export interface Kubectl {
  /** Waits for the end, whatever the exit code. */
  (...args: string[]): Promise<KubectlResult>
  /** With text on standard input. */
  withInput(input: string | Buffer, ...args: string[]): Promise<KubectlResult>
  /** Waits for the end. @throws Error with what kubectl said, unless it exits with 0. @returns stdout */
  ok(...args: string[]): Promise<string>
  /** Starts one that is left running; kill it. */
  start(...args: string[]): RunningKubectl
  /** With more environment. */
  with(env: Record<string, string>): Kubectl
}

export interface RunningKubectl {
  child: ChildProcessWithoutNullStreams
  /** Resolves with all output so far once it matches. */
  output(expected: RegExp): Promise<string>
  stop(): Promise<void>
}

/** The minor version of the kubectl on PATH: Debian's own is years older than what most people use. */
export function kubectlMinor(): number {
  const text = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  const { clientVersion } = JSON.parse(text) as { clientVersion: { minor: string } }
  return Number.parseInt(clientVersion.minor, 10)
}

export function createKubectl(kubeconfig: string, env: Record<string, string> = {}): Kubectl {
  const spawnOne = (args: string[]): ChildProcessWithoutNullStreams =>
    spawn('kubectl', args, { env: { ...process.env, KUBECONFIG: kubeconfig, ...env } })

  const withInput = async (input: string | Buffer, ...args: string[]): Promise<KubectlResult> => {
    const child = spawnOne(args)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
  }
  const run = (...args: string[]): Promise<KubectlResult> => withInput('', ...args)

  return Object.assign(run, {
    withInput,
    async ok(...args: string[]) {
      const { code, stdout, stderr } = await run(...args)
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}${stdout}`)
      return stdout
    },
    start: (...args: string[]) => running(spawnOne(args)),
    with: (more: Record<string, string>) => createKubectl(kubeconfig, { ...env, ...more }),
  })
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
        const check = (): void => {
          if (expected.test(text)) resolve(text)
        }
        waiting.add(check)
        void closed.then(() => reject(new Error(`kubectl ended without printing ${String(expected)}:\n${text}`)))
        check()
      }),
    async stop() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
