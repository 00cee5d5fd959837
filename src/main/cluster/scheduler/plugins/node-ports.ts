import { resolvable, type Plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { HostPort } from '../pod-info.ts'

const portTaken = resolvable("node(s) didn't have free ports for the requested pod ports")

/** No two pods of a node use the same host port. */
export const nodePorts = (): Plugin => ({
  name: 'NodePorts',

  plan: ({ hostPorts }) =>
    hostPorts.length === 0
      ? undefined
      : { readsNodeOnly: true, filter: (node) => (isFree(hostPorts, node) ? undefined : portTaken) },

  interests: ['node-added', 'pod-removed'],
  mayHelp: (change, { hostPorts }) =>
    change.type === 'node-added' ||
    (change.type === 'pod-removed' && change.pod.hostPorts.length > 0 && isFree(hostPorts, change.node)),
})

const isFree = (wanted: readonly HostPort[], { hostPorts }: NodeInfo): boolean =>
  !wanted.some((port) => hostPorts.some((taken) => collide(port, taken)))

const anyAddress = '0.0.0.0'

const collide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress)
