import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export const pauseImage = 'registry.k8s.io/pause:3.10'
export const podImage = 'busybox:1.36'

/** The engine of a worker, as its own command line uses it. */
export interface WorkerEngine {
  /** Starts a sandbox, then a container in it, and removes both. @returns how long each start took, ms */
  startPair(): Promise<{ sandbox: number; container: number }>
  /** @returns when the engine killed it, by the clock of its events, ms */
  kill(container: string): Promise<number>
  /** Lines of JSON; the stop ends them. */
  events(onEvent: (event: EngineEvent) => void): () => void
}

export interface EngineEvent {
  Action: string
  timeNano: number
  Actor: { Attributes: Record<string, string> }
}

/** @param worker its container; `docker -H …` reaches the engine in it through its process's root */
export async function engineOf(worker: string): Promise<WorkerEngine> {
  const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Pid}}', worker])
  const address = `unix:///proc/${stdout.trim()}/root/run/slipway/docker.sock`
  const docker = async (...args: string[]): Promise<string> =>
    (await run('docker', ['-H', address, ...args])).stdout.trim()
  const timed = async (...args: string[]): Promise<{ id: string; ms: number }> => {
    const begun = performance.now()
    const id = await docker('run', '-d', ...args)
    return { id, ms: performance.now() - begun }
  }
  const events: WorkerEngine['events'] = (onEvent) => {
    const child = spawn('docker', ['-H', address, 'events', '--format', '{{json .}}'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line) as EngineEvent))
    return () => void child.kill()
  }
  return {
    async startPair() {
      const sandbox = await timed('--network', 'none', pauseImage)
      const container = await timed('--network', `container:${sandbox.id}`, podImage, 'sleep', '100000')
      await docker('rm', '-f', container.id, sandbox.id)
      return { sandbox: sandbox.ms, container: container.ms }
    },
    async kill(container) {
      const since = String(Math.floor(Date.now() / 1_000))
      await docker('kill', container)
      const until = String(Math.ceil(Date.now() / 1_000) + 1)
      const filters = ['--filter', 'event=kill', '--filter', `container=${container}`]
      const lines = await docker('events', '--since', since, '--until', until, '--format', '{{json .}}', ...filters)
      const [line = ''] = lines.split('\n')
      return (JSON.parse(line) as EngineEvent).timeNano / 1e6
    },
    events,
  }
}

const run = promisify(execFile)
