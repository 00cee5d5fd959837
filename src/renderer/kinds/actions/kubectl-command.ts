import type { Resource } from '#shared/kube/resources.ts'

/** What kubectl needs to know to do the same as a button of the page. */
export interface KubectlCommand {
  /** Name of the context as the kubeconfig has it; none where the kubeconfig has that one alone. */
  context?: string | undefined
  resource: Pick<Resource, 'group' | 'kind' | 'plural' | 'namespaced'>
  objects: readonly { namespace?: string | undefined; name: string }[]
  does: KubectlVerb
}

export type KubectlVerb =
  | { verb: 'get'; output?: 'yaml' | 'wide' }
  | { verb: 'describe' | 'edit' | 'delete' | 'cordon' | 'uncordon' | 'attach' | 'restart' | 'pause' | 'resume' }
  | { verb: 'scale'; replicas: number }
  /** A label of null is removed. */
  | { verb: 'label'; labels: Readonly<Record<string, string | null>> }
  | { verb: 'undo'; revision?: number }
  | { verb: 'drain'; force?: boolean; deleteEmptyDirData?: boolean }
  | { verb: 'logs'; container?: string; previous?: boolean; follow?: boolean }
  | { verb: 'exec'; container?: string; command: readonly string[] }
  | { verb: 'debug'; container?: string; image: string }
  | { verb: 'port-forward'; ports: readonly string[] }
  /** Starts a CronJob's job now. */
  | { verb: 'create-job'; name: string }

/** The kubectl command lines that do it: one for each namespace, or for each object where the verb takes one only. */
export function kubectlCommand({ context, resource, objects, does }: KubectlCommand): string {
  const parts = takesMany(does) ? byNamespace(objects) : objects.map((object) => [object])
  return parts
    .map((part) => {
      const names = part.map(({ name }) => name)
      const words = [
        'kubectl',
        ...(context === undefined ? [] : ['--context', context]),
        ...(resource.namespaced && part[0]?.namespace ? ['-n', part[0].namespace] : []),
        ...wordsOf(does, resource, names),
      ]
      return words.map(quoted).join(' ')
    })
    .join('\n')
}

/** What applies a text that has been saved as a file. */
export const kubectlApply = ({
  context,
  namespace,
  file,
}: {
  context: string
  namespace: string
  file: string
}): string =>
  ['kubectl', '--context', context, '-n', namespace, 'apply', '--server-side', '-f', file].map(quoted).join(' ')

/** The list as kubectl prints it, with as much of the filter as the API's selectors can say. */
export function kubectlList(list: {
  context?: string | undefined
  resource: KubectlCommand['resource']
  /** None = all. */
  namespaces: readonly string[]
  labelSelector?: string
  fieldSelector?: string
}): string {
  const { context, resource, namespaces, labelSelector, fieldSelector } = list
  const scopes = !resource.namespaced
    ? [[]]
    : namespaces.length === 0
      ? [['--all-namespaces']]
      : namespaces.map((namespace) => ['-n', namespace])
  return scopes
    .map((scope) =>
      [
        'kubectl',
        ...(context === undefined ? [] : ['--context', context]),
        'get',
        pluralOf(resource),
        ...scope,
        ...(labelSelector ? ['-l', labelSelector] : []),
        ...(fieldSelector ? ['--field-selector', fieldSelector] : []),
      ]
        .map(quoted)
        .join(' '),
    )
    .join('\n')
}

const takesMany = ({ verb }: KubectlVerb): boolean =>
  ['get', 'describe', 'edit', 'delete', 'label', 'restart', 'pause', 'resume', 'scale', 'cordon', 'uncordon', 'drain']
    // `edit` opens several objects in one editor.
    .includes(verb)

function wordsOf(does: KubectlVerb, resource: KubectlCommand['resource'], names: readonly string[]): string[] {
  const type = typeOf(resource)
  const named = [type, ...operands(names)]
  const slashed = names.map((name) => `${type}/${name}`)
  const target = type === 'pod' ? names : slashed
  switch (does.verb) {
    case 'get':
      return ['get', ...(does.output ? ['-o', does.output] : []), ...named]
    case 'describe':
    case 'edit':
    case 'delete':
      return [does.verb, ...named]
    case 'cordon':
    case 'uncordon':
      return [does.verb, ...operands(names)]
    case 'drain':
      return [
        'drain',
        '--ignore-daemonsets',
        ...(does.force ? ['--force'] : []),
        ...(does.deleteEmptyDirData ? ['--delete-emptydir-data'] : []),
        ...operands(names),
      ]
    case 'restart':
    case 'pause':
    case 'resume':
      return ['rollout', does.verb, ...slashed]
    case 'undo':
      return ['rollout', 'undo', ...(does.revision === undefined ? [] : [`--to-revision=${does.revision}`]), ...slashed]
    case 'scale':
      return ['scale', `--replicas=${does.replicas}`, ...slashed]
    case 'label':
      return [
        'label',
        '--overwrite',
        ...slashed,
        ...Object.entries(does.labels).map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`)),
      ]
    case 'logs':
      return ['logs', ...flags(does), ...target]
    case 'attach':
      return ['attach', '-it', ...target]
    case 'exec':
      return ['exec', '-it', ...flags(does), ...target, '--', ...does.command]
    case 'debug':
      return [
        'debug',
        '-it',
        `--image=${does.image}`,
        ...(does.container ? [`--target=${does.container}`] : []),
        ...target,
      ]
    case 'port-forward':
      return ['port-forward', ...slashed, ...does.ports]
    case 'create-job':
      return ['create', 'job', does.name, `--from=cronjob/${names[0] ?? ''}`]
  }
}

const flags = (does: { container?: string; previous?: boolean; follow?: boolean }): string[] => [
  ...(does.container ? ['-c', does.container] : []),
  ...(does.previous ? ['--previous'] : []),
  ...(does.follow ? ['-f'] : []),
]

/** Names of roles may begin with a dash. */
const operands = (names: readonly string[]): string[] =>
  names.some((name) => name.startsWith('-')) ? ['--', ...names] : [...names]

/** API groups whose kinds kubectl knows by their short names alone. */
const builtInGroups = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'policy',
  'networking.k8s.io',
  'discovery.k8s.io',
  'storage.k8s.io',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'node.k8s.io',
  'coordination.k8s.io',
  'certificates.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
])

/** `deployment`, or `widgets.example.com`: another group may have the same name. */
const typeOf = (resource: KubectlCommand['resource']): string =>
  builtInGroups.has(resource.group) ? resource.kind.toLowerCase() : `${resource.plural}.${resource.group}`

const pluralOf = ({ group, plural }: KubectlCommand['resource']): string =>
  builtInGroups.has(group) ? plural : `${plural}.${group}`

function byNamespace<T extends { namespace?: string | undefined }>(objects: readonly T[]): T[][] {
  const parts = new Map<string, T[]>()
  for (const object of objects) {
    const { namespace = '' } = object
    const part = parts.get(namespace)
    if (part) part.push(object)
    else parts.set(namespace, [object])
  }
  return [...parts.values()]
}

/** As a POSIX shell takes it. */
const quoted = (word: string): string => (/^[\w/:=.,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
