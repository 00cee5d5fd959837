import type {
  ConfigMap,
  Container,
  EnvVar,
  FileKeySelector,
  Pod,
  Secret,
  Service,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import { BadEnvFile, variableIn } from './env-file.ts'

/** Resolves the values of variables. @throws MissingSource */
export interface Sources {
  configMap(name: string): Promise<ConfigMap | undefined>
  secret(name: string): Promise<Secret | undefined>
  /** The text of a file in a volume of the pod; undefined when there is none. @throws BadEnvFile when it is too large */
  envFile(volume: string, path: string): Promise<string | undefined>
  /** Services of the pod's namespace, and `kubernetes` of default. */
  services(): Stored<Service>[]
  /** Of each family, IPv4 first; none when unknown. */
  podIps: readonly string[]
  hostIps: readonly string[]
  nodeName: string
  /** What a container without a limit may use at most. */
  node: { cpuMillis: number; memoryBytes: number }
}

/** A source that a container requires is missing: the container waits in CreateContainerConfigError. */
export class MissingSource extends Error {}

/**
 * The environment of a container, in the kubelet's order: services, envFrom, env; later ones win, and `$(NAME)` in env
 * refers to earlier variables.
 */
export async function environmentOf(
  pod: Stored<Pod>,
  container: Container,
  sources: Sources,
): Promise<Map<string, string>> {
  const env = new Map<string, string>(serviceVariables(pod, sources.services()))
  for (const source of container.envFrom ?? []) {
    const data = await envFrom(source, sources)
    for (const [name, value] of Object.entries(data)) env.set((source.prefix ?? '') + name, value)
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, pod, container, sources, env)
    if (value !== undefined) env.set(variable.name, value)
  }
  return env
}

/** Replaces `$(NAME)` by its value when known; `$$(NAME)` is the literal `$(NAME)`. */
export function expand(
  text: string,
  env: ReadonlyMap<string, string>,
  onMissing: (name: string) => void = () => undefined,
): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, _rest: string, name: string | undefined) => {
    if (whole === '$$') return '$'
    const value = name === undefined ? undefined : env.get(name)
    if (value === undefined && name !== undefined) onMissing(name)
    return value ?? whole
  })
}

async function envFrom(
  { configMapRef, secretRef }: NonNullable<Container['envFrom']>[number],
  sources: Sources,
): Promise<Record<string, string>> {
  if (configMapRef) {
    const map = await sources.configMap(configMapRef.name ?? '')
    if (!map && !configMapRef.optional) throw new MissingSource(`configmap "${configMapRef.name ?? ''}" not found`)
    return map?.data ?? {}
  }
  if (secretRef) {
    const secret = await sources.secret(secretRef.name ?? '')
    if (!secret && !secretRef.optional) throw new MissingSource(`secret "${secretRef.name ?? ''}" not found`)
    return Object.fromEntries(Object.entries(secret?.data ?? {}).map(([name, value]) => [name, decode(value)]))
  }
  return {}
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

async function valueOf(
  { value, valueFrom }: EnvVar,
  pod: Stored<Pod>,
  container: Container,
  sources: Sources,
  env: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  if (!valueFrom) return expand(value ?? '', env)
  const { configMapKeyRef, secretKeyRef, fieldRef, fileKeyRef, resourceFieldRef } = valueFrom
  if (configMapKeyRef) {
    const map = await sources.configMap(configMapKeyRef.name ?? '')
    const found = map?.data?.[configMapKeyRef.key]
    if (found === undefined && !configMapKeyRef.optional)
      throw new MissingSource(
        map
          ? `couldn't find key ${configMapKeyRef.key} in ConfigMap ${nameIn(pod, configMapKeyRef.name)}`
          : `configmap "${configMapKeyRef.name ?? ''}" not found`,
      )
    return found
  }
  if (secretKeyRef) {
    const secret = await sources.secret(secretKeyRef.name ?? '')
    const found = secret?.data?.[secretKeyRef.key]
    if (found === undefined && !secretKeyRef.optional)
      throw new MissingSource(
        secret
          ? `couldn't find key ${secretKeyRef.key} in Secret ${nameIn(pod, secretKeyRef.name)}`
          : `secret "${secretKeyRef.name ?? ''}" not found`,
      )
    return found === undefined ? undefined : decode(found)
  }
  if (fileKeyRef) return fileVariable(fileKeyRef, sources)
  if (fieldRef) return podField(pod, fieldRef.fieldPath, sources)
  if (resourceFieldRef) return resourceField(pod, container, resourceFieldRef, sources)
  return undefined
}

/** As by the kubelet, an empty value is none. */
async function fileVariable(
  { volumeName, path, key, optional }: FileKeySelector,
  sources: Sources,
): Promise<string | undefined> {
  try {
    const text = await sources.envFile(volumeName, path)
    const found = text === undefined ? undefined : variableIn(text, key)
    if (found || optional) return found || undefined
    throw new MissingSource(
      text === undefined
        ? `environment variable file "${path}" not found in volume "${volumeName}"`
        : `environment variable key "${key}" not found in file "${path}"`,
    )
  } catch (error) {
    throw error instanceof BadEnvFile ? new MissingSource(`couldn't parse env file: ${error.message}`) : error
  }
}

const nameIn = (pod: Stored<Pod>, name = ''): string => `${pod.metadata.namespace}/${name}`

/** A field of the downward API. */
export function podField(
  pod: Stored<Pod>,
  path: string,
  { podIps, hostIps, nodeName }: Pick<Sources, 'podIps' | 'hostIps' | 'nodeName'>,
): string {
  const entry = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (entry) return pod.metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return lines(pod.metadata.labels)
    case 'metadata.annotations':
      return lines(pod.metadata.annotations)
    case 'spec.nodeName':
      return nodeName
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'status.podIP':
      return podIps[0] ?? ''
    case 'status.podIPs':
      return podIps.join(',')
    case 'status.hostIP':
      return hostIps[0] ?? ''
    case 'status.hostIPs':
      return hostIps.join(',')
    default:
      throw new MissingSource(`unsupported fieldPath: ${path}`)
  }
}

/** One `key="value"` per line, sorted, as the downward API formats maps. */
const lines = (map: Record<string, string> = {}): string =>
  Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')

/** A resource of the downward API, rounded up to its divisor; without a limit, the node's capacity. */
export function resourceField(
  pod: Pod,
  container: Container,
  ref: { containerName?: string; resource: string; divisor?: string },
  { node }: Pick<Sources, 'node'>,
): string {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const target = ref.containerName ? all.find(({ name }) => name === ref.containerName) : container
  const [kind = '', resource = ''] = ref.resource.split('.')
  const resources = target?.resources
  const given = kind === 'limits' ? resources?.limits?.[resource] : resources?.requests?.[resource]
  const divisor = ref.divisor && ref.divisor !== '0' ? ref.divisor : '1'
  if (resource === 'cpu') {
    const millis = given ? quantityMillis(given) : kind === 'limits' ? node.cpuMillis : 0
    return String(Math.ceil(millis / quantityMillis(divisor)))
  }
  const bytes = given ? quantityValue(given) : kind === 'limits' && resource === 'memory' ? node.memoryBytes : 0
  return String(Math.ceil(bytes / quantityValue(divisor)))
}

/** `{NAME}_SERVICE_HOST` and the related variables of every service with a cluster IP. */
function* serviceVariables(pod: Pod, services: readonly Stored<Service>[]): Iterable<[string, string]> {
  for (const { metadata, spec } of services) {
    const ip = spec?.clusterIP
    const [first] = spec?.ports ?? []
    if (!ip || ip === 'None' || !first) continue
    const isKubernetes = metadata.name === 'kubernetes' && metadata.namespace === 'default'
    if (!isKubernetes && (pod.spec?.enableServiceLinks === false || metadata.namespace !== pod.metadata.namespace))
      continue
    const prefix = metadata.name.toUpperCase().replace(/-/g, '_')
    yield [`${prefix}_SERVICE_HOST`, ip]
    yield [`${prefix}_SERVICE_PORT`, String(first.port)]
    for (const { name, port } of spec?.ports ?? [])
      if (name) yield [`${prefix}_SERVICE_PORT_${name.toUpperCase().replace(/-/g, '_')}`, String(port)]
    const protocolOf = ({ protocol }: { protocol?: string }): string => (protocol ?? 'TCP').toLowerCase()
    yield [`${prefix}_PORT`, `${protocolOf(first)}://${ip}:${first.port}`]
    for (const each of spec?.ports ?? []) {
      const base = `${prefix}_PORT_${each.port}_${protocolOf(each).toUpperCase()}`
      yield [base, `${protocolOf(each)}://${ip}:${each.port}`]
      yield [`${base}_PROTO`, protocolOf(each)]
      yield [`${base}_PORT`, String(each.port)]
      yield [`${base}_ADDR`, ip]
    }
  }
}
