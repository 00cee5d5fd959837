import type { MachineLink } from '#main/contexts/machine-link.ts'
import { reachOfPort } from '#main/contexts/port-reach.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'

export function takeoversTopic(contexts: Contexts) {
  const topic = implementer.takeovers
  return {
    take: topic.take.handler(({ input: { context, ports, ...service } }) =>
      linkOf(contexts, context).take(service, ports),
    ),
    giveBack: topic.giveBack.handler(({ input: { context, ...service } }) =>
      linkOf(contexts, context).giveBack(service),
    ),
    hostPort: topic.hostPort.handler(({ input }) => reachOfPort(input.port)),
  }
}

/** @throws Error for the user where the context has nothing to do with this machine */
export function linkOf(contexts: Contexts, id: string): MachineLink {
  const { link, info } = contextOf(contexts, id)
  if (link) return link
  if (info.kind === 'kubeconfig')
    throw new Error(`${info.name} is no local cluster: its pods do not reach this machine`)
  throw new Error(`the workers of ${info.name} are simulated: they run no images and carry no traffic`)
}
