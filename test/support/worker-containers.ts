import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Asks the worker's engine by its socket: a worker has no command line for it. */
const script = `require('http').get(
  { socketPath: process.env.DOCKER_HOST.replace('unix://', ''), path: '/containers/json?all=1' },
  (answer) => answer.pipe(process.stdout),
)`

/** Names of all containers in a worker, sandboxes and ended ones included; a pod's have its uid in them. */
export async function containersIn(worker: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('docker', ['exec', `slipway-${worker}`, 'node', '-e', script])
  return (JSON.parse(stdout) as { Names: string[] }[]).flatMap(({ Names }) => Names)
}
