import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import { pauseContainer } from '#main/cluster/workers/docker/pause-container.ts'
import type { Random } from './random.ts'

/** What may happen to a worker, from outside: nothing of Slipway is asked to do it. */
export const faultKinds = ['kill', 'pause', 'restart', 'cut-off-host', 'cut-off-peers', 'cut-off-all'] as const

export interface Fault {
  kind: (typeof faultKinds)[number]
  worker: string
  /** How long it lasts, ms; nothing for a restart. */
  ms: number
}

/** Mostly short faults, some that last until the node is lost and its pods are evicted. */
export function chooseFault(random: Random, worker: string): Fault {
  return { kind: random.pick(faultKinds), worker, ms: 5_000 + 55_000 * random.next() ** 2 }
}

/** The workers' machines, as the host's engine sees them. */
export interface Machines {
  /** Resolves when the fault is over, not when the worker has recovered. */
  inflict(fault: Fault): Promise<void>
  /** Ends whatever an interrupted fault has left, so that the cluster can be removed. */
  restore(worker: string): Promise<void>
  /** Runs a command in a worker. @returns stdout */
  run(worker: string, script: string): Promise<string>
  /** Command lines of all processes in a worker, its pods' too; none where it does not run. */
  processes(worker: string): Promise<string[]>
}

export function createMachines(docker: Docker): Machines {
  const of = (worker: string): Docker.Container => docker.getContainer(`slipway-${worker}`)

  async function run(worker: string, script: string): Promise<string> {
    const exec = await of(worker).exec({ Cmd: ['sh', '-c', script], AttachStdout: true, Tty: true })
    const stream = await exec.start({ Tty: true })
    let output = ''
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await once(stream, 'end')
    return output.replaceAll('\r', '')
  }

  async function inflict({ kind, worker, ms }: Fault): Promise<void> {
    const machine = of(worker)
    if (kind === 'restart') await machine.restart({ t: 20 })
    else if (kind === 'kill') {
      await machine.kill()
      await sleep(ms)
      await isSo(machine.start())
    } else if (kind === 'pause') {
      await pauseContainer(machine)
      await sleep(ms)
      await isSo(machine.unpause())
    } else {
      await run(worker, firewall('-I', kind))
      await sleep(ms)
      await run(worker, firewall('-D', kind))
    }
  }

  return {
    inflict,
    run,
    async restore(worker) {
      await of(worker)
        .unpause()
        .catch(() => undefined)
      await of(worker)
        .start()
        .catch(() => undefined)
    },
    async processes(worker) {
      // A worker that is down has none; one that is just starting has a list of none.
      const top = await of(worker)
        .top({ ps_args: '-eo pid,args' })
        .catch(() => undefined)
      return ((top?.Processes ?? []) as string[][]).map(([, command = '']) => command)
    },
  }
}

/** The app may have brought the worker back already, when it was started meanwhile. */
async function isSo(change: Promise<unknown>): Promise<void> {
  await change.catch((error: unknown) => {
    if (!/HTTP code 304|is not paused/.test(String(error))) throw error
  })
}

/**
 * Drops what comes and goes by the worker's interface, without a word to either end. The host's connections come from the
 * network's gateway; everything else is another worker, or a pod of one.
 */
function firewall(action: '-I' | '-D', kind: Fault['kind']): string {
  const host = `$(ip route show default | awk '{ print $3 }')`
  const [from, to] =
    kind === 'cut-off-host'
      ? [`-s ${host}`, `-d ${host}`]
      : kind === 'cut-off-peers'
        ? [`! -s ${host}`, `! -d ${host}`]
        : ['', '']
  return [
    `iptables -w -t mangle ${action} PREROUTING -i eth0 ${from} -j DROP`,
    `iptables -w -t mangle ${action} POSTROUTING -o eth0 ${to} -j DROP`,
  ].join(' && ')
}
