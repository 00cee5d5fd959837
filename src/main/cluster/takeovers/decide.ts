import type { Pod, Service, ServicePort } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { standInLabel, takeRefusal, type TakeRefusal } from '#shared/kube/takeover.ts'

/** A port of the Service, by number or name, and the port of this machine that gets its traffic. */
export interface TakenPort {
  port: string
  hostPort: number
}

/** A name by which pods reach this machine. */
const hostName = 'host.slipway.internal'

/** Why a Service's traffic cannot be taken, for the user; undefined where it can. */
export function refusalOf(service: Service): string | undefined {
  const refusal = takeRefusal(service)
  return refusal && `traffic of Service ${service.metadata.name ?? ''} cannot be taken: ${reasons[refusal]}`
}

const reasons: Record<TakeRefusal, string> = {
  taken: 'it is taken already; give it back first',
  external: 'it is the name of another host, and no pods answer for it',
  headless: 'it is headless: clients reach its pods by their own addresses',
  selector: 'it has no selector: its endpoints are kept by somebody else',
  ports: 'it has no port',
  protocol: 'only TCP is carried, and it has a port of another protocol',
}

/**
 * Which port of this machine each port of the Service leads to. A Service of one port needs no name for it.
 * @throws Error for the user where one is missing or unknown
 */
export function portsTaken(service: Service, wanted: readonly TakenPort[]): { port: ServicePort; hostPort: number }[] {
  const ports = service.spec?.ports ?? []
  const isOf = (port: ServicePort, text: string): boolean => text === String(port.port) || text === port.name
  const unknown = wanted.find(({ port: text }) => text !== '' && !ports.some((port) => isOf(port, text)))
  if (unknown)
    throw new Error(
      `Service ${service.metadata.name ?? ''} has no port ${unknown.port}; it has ${ports.map(portName).join(', ')}`,
    )
  return ports.map((port) => {
    const found = wanted.find(({ port: text }) => isOf(port, text) || (text === '' && ports.length === 1))
    if (!found)
      throw new Error(
        `say which port of this machine each port gets, such as ${ports.map((each) => `${portName(each)}=3000`).join(' ')}`,
      )
    return { port, hostPort: found.hostPort }
  })
}

const portName = ({ name, port }: ServicePort): string => name ?? String(port)

/** First port of those that have a name for their target instead of a number. */
const firstFree = 20_000

/** The pod that stands in: it carries what comes to the Service's target ports to this machine. */
export function standInPod(
  service: Stored<Service>,
  taken: readonly { port: ServicePort; hostPort: number }[],
  image: string,
): Pod {
  const { name, namespace, uid } = service.metadata
  const rules = new Map<number, { name: string | undefined; hostPort: number }>()
  let free = firstFree
  for (const { port, hostPort } of taken) {
    const target = port.targetPort ?? port.port
    const number = typeof target === 'number' ? target : free++
    rules.set(number, { name: typeof target === 'string' ? target : undefined, hostPort })
  }
  const rights = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name.slice(0, 50)}-stand-in-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [standInLabel]: name, 'app.kubernetes.io/managed-by': 'slipway' },
      // It goes with the Service.
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid }],
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      // As the strictest of the pod security standards asks; any port may be one below 1024.
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_534,
        runAsGroup: 65_534,
        seccompProfile: { type: 'RuntimeDefault' },
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
      containers: [
        {
          name: 'stand-in',
          image,
          imagePullPolicy: 'IfNotPresent',
          args: [...rules].map(([number, { hostPort }]) => `${number}=${hostName}:${hostPort}`),
          ports: [...rules].map(([containerPort, rule]) => ({
            containerPort,
            ...(rule.name ? { name: rule.name } : {}),
          })),
          securityContext: rights,
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '256Mi' } },
        },
      ],
    },
  }
}
