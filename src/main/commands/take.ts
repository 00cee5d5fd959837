import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { withServer } from './find-cluster.ts'
import { number } from './number.ts'

const takeUsage = 'slipway take NAME SERVICE PORT [--namespace NAMESPACE] [--data DIR]'
const giveBackUsage = 'slipway give-back NAME SERVICE [--namespace NAMESPACE] [--data DIR]'
const options = {
  namespace: { type: 'string', short: 'n', default: 'default' },
  data: { type: 'string' },
} satisfies Command['options']
const optionsHelp = `  --namespace NAMESPACE, -n  of the Service; default when unset
  --data DIR                 the data folder to look in; all known ones when unset`

export const takeCommand: Command = {
  usage: takeUsage,
  summary: 'have the traffic of a Service go to a port of this machine',
  help: `A pod stands in for those of the Service and carries its TCP traffic to host.slipway.internal:PORT, so that a program on
this machine answers in their place; it has to listen on 0.0.0.0, not on 127.0.0.1 alone. A Service of several ports
needs one for each: PORT is then a list such as http=3000,grpc=3001. Returns once the Service selects the pod.

What is taken is kept in an annotation of the Service, and stays taken when Slipway ends: give it back with
slipway give-back. Services without selector, headless ones, ExternalNames and ports of UDP or SCTP are refused.

${optionsHelp}`,
  options,
  async run({ namespace, data }, [name, service, port, ...others]) {
    if (service === undefined || port === undefined || others.length > 0) throw new ExpectedError(`usage: ${takeUsage}`)
    const ports = port.split(',').map(takenPort)
    await withServer(name, data as string | undefined, (remote, cluster) =>
      remote.call.takeovers.take({ context: `local:${cluster}`, namespace: namespace as string, name: service, ports }),
    )
    console.log(
      `traffic of Service ${service} goes to ${ports.map(({ hostPort }) => hostPort).join(', ')} of this machine`,
    )
  },
}

export const giveBackCommand: Command = {
  usage: giveBackUsage,
  summary: 'give the traffic of a Service back to its pods',
  help: `Puts the Service’s own selector back, exactly as it was, and removes the pod that stood in.

${optionsHelp}`,
  options,
  async run({ namespace, data }, [name, service, ...others]) {
    if (service === undefined || others.length > 0) throw new ExpectedError(`usage: ${giveBackUsage}`)
    await withServer(name, data as string | undefined, (remote, cluster) =>
      remote.call.takeovers.giveBack({ context: `local:${cluster}`, namespace: namespace as string, name: service }),
    )
    console.log(`traffic of Service ${service} goes to its pods again`)
  },
}

/** `3000`, or `http=3000`. @throws ExpectedError */
function takenPort(text: string): { port: string; hostPort: number } {
  const at = text.lastIndexOf('=')
  const hostPort = number('PORT', text.slice(at + 1), 0, 1, 65_535)
  return { port: at < 0 ? '' : text.slice(0, at), hostPort }
}
