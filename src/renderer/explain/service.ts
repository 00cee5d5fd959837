import type { Ingress, Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { pairs } from '../kinds/cells.ts'
import { t } from '../texts/index.ts'
import { newest } from './events.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'
import { explainPod } from './pod.ts'

/** Why a Service leads nowhere; undefined when something answers, or when nothing can be told. */
export function explainService(service: Service, near: Surroundings): Explanation | undefined {
  const { spec, metadata } = service
  if (!spec || spec.type === 'ExternalName') return undefined
  const slices = near.endpointSlices?.filter(
    ({ metadata: { labels } }) => labels?.['kubernetes.io/service-name'] === metadata.name,
  )
  if (!spec.selector || Object.keys(spec.selector).length === 0) {
    if (slices === undefined || slices.some(({ endpoints = [] }) => endpoints && endpoints.length > 0)) return undefined
    return {
      tone: 'warn',
      state: 'NoEndpoints',
      sentence: t('explain.service.noSelector'),
      why: [],
      tries: [{ text: t('explain.service.trySlice'), action: 'edit' }],
    }
  }
  const { selector } = spec
  const pods = near.pods?.filter(({ metadata: { labels = {} } }) => includes(labels, selector))
  if (pods === undefined) return undefined
  if (pods.length === 0) return nothingMatches(selector, near)
  const ready = pods.filter((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined)
  if (ready.length === 0 && !spec.publishNotReadyAddresses)
    return {
      tone: 'bad',
      state: 'NoReadyEndpoints',
      sentence: t('explain.service.noneReady', { n: pods.length }),
      why: whyNotReady(pods, near),
      tries: pods.slice(0, 3).map(openPod),
    }
  return unheard(service, ready) ?? loadBalancer(service, near)
}

/** What the first pod in trouble says of itself. */
function whyNotReady(pods: readonly Stored<Pod>[], near: Surroundings): string[] {
  for (const pod of pods) {
    // Its own events are not among those of the Service.
    const found = explainPod(pod, { ...near, events: [] })
    if (found) return [t('explain.service.because', { pod: pod.metadata.name, why: found.sentence })]
  }
  return []
}

function nothingMatches(selector: Record<string, string>, { pods = [] }: Surroundings): Explanation {
  const nearest = nearestPods(selector, pods)
  return {
    tone: 'bad',
    state: 'NoEndpoints',
    sentence: t('explain.service.noPods', { selector: pairs(selector) }),
    why: nearest.map(({ pod, differs }) =>
      t('explain.service.nearest', {
        pod: pod.metadata.name,
        has: differs.map((key) => `${key}=${pod.metadata.labels?.[key] ?? '–'}`).join(', '),
      }),
    ),
    tries: [{ text: t('explain.service.trySelector'), action: 'edit' }, ...nearest.map(({ pod }) => openPod(pod))],
  }
}

/** Pods that match all labels but one: what was probably meant. */
function nearestPods(
  selector: Record<string, string>,
  pods: readonly Stored<Pod>[],
): { pod: Stored<Pod>; differs: string[] }[] {
  const keys = Object.keys(selector)
  return pods
    .map((pod) => ({ pod, differs: keys.filter((key) => pod.metadata.labels?.[key] !== selector[key]) }))
    .filter(
      ({ pod, differs }) =>
        differs.length === 1 && (keys.length > 1 || pod.metadata.labels?.[differs[0] ?? ''] !== undefined),
    )
    .slice(0, 2)
}

/** A named target port that no pod has, or a number that no container declares. The latter is only a hint: nothing has to be declared. */
function unheard({ spec }: Service, ready: readonly Stored<Pod>[]): Explanation | undefined {
  for (const { port, targetPort = port, protocol = 'TCP' } of spec?.ports ?? []) {
    const declared = ready.flatMap(({ spec: pod }) =>
      [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].flatMap(({ ports = [] }) => ports),
    )
    const found = declared.some(
      ({ name, containerPort, protocol: own = 'TCP' }) =>
        own === protocol && (typeof targetPort === 'string' ? name === targetPort : containerPort === targetPort),
    )
    if (found || (typeof targetPort === 'number' && declared.length === 0) || ready.length === 0) continue
    const isNamed = typeof targetPort === 'string'
    return {
      tone: isNamed ? 'bad' : 'warn',
      state: isNamed ? 'NoEndpoints' : 'PortNotDeclared',
      sentence: t(isNamed ? 'explain.service.noNamedPort' : 'explain.service.noPort', {
        port: String(port),
        target: String(targetPort),
      }),
      why: [
        declared.length === 0
          ? t('explain.service.noneDeclared')
          : t('explain.service.declared', {
              ports: declared
                .map(({ name, containerPort }) => (name ? `${name} ${containerPort}` : String(containerPort)))
                .join(', '),
            }),
      ],
      tries: [{ text: t('explain.service.tryPort'), action: 'edit' }, ...ready.slice(0, 1).map(openPod)],
    }
  }
  return undefined
}

function loadBalancer(service: Service, near: Surroundings): Explanation | undefined {
  if (service.spec?.type !== 'LoadBalancer') return undefined
  const taken = newest(near.events, 'LoadBalancerPortTaken', 'SyncLoadBalancerFailed')
  const ports = service.status?.loadBalancer?.ingress?.flatMap(({ ports: each = [] }) => each) ?? []
  const failed = ports.find(({ error }) => error)
  if (failed)
    return {
      tone: 'warn',
      state: failed.error ?? '',
      sentence: t('explain.service.portError', { port: String(failed.port) }),
      why: [],
      said: taken?.message ?? failed.error,
      tries: [],
    }
  if (service.status?.loadBalancer?.ingress?.length) return undefined
  return {
    tone: 'warn',
    state: 'Pending',
    sentence: t('explain.service.noAddress'),
    why: [],
    said: taken?.message,
    tries: [],
  }
}

/** Why an Ingress does not lead to its Services. */
export function explainIngress(ingress: Ingress, near: Surroundings): Explanation | undefined {
  const { spec, metadata } = ingress
  const className = spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class']
  const classes = near.ingressClasses
  const edit: Try[] = [{ text: t('explain.ingress.tryClass'), action: 'edit' }]
  if (classes !== undefined) {
    const isDefault = classes.some(
      ({ metadata: { annotations } }) => annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true',
    )
    const names = classes.map(({ metadata: { name } }) => name).join(', ')
    const why = [names === '' ? t('explain.ingress.noClasses') : t('explain.ingress.classes', { names })]
    if (className === undefined && !isDefault)
      return {
        tone: 'bad',
        state: 'NoClass',
        sentence: t('explain.ingress.noClass'),
        why,
        tries: edit,
      }
    if (
      spec?.ingressClassName !== undefined &&
      !classes.some(({ metadata: { name } }) => name === spec.ingressClassName)
    )
      return {
        tone: 'bad',
        state: 'UnknownClass',
        sentence: t('explain.ingress.unknownClass', { name: spec.ingressClassName }),
        why,
        tries: edit,
      }
  }
  for (const backend of ingressBackends(ingress)) {
    const found = explainRoute(backend, metadata.namespace, near)
    if (found) return found
  }
  return undefined
}

/** Why one path of an Ingress leads nowhere; undefined where something answers, or nothing can be told. */
export function explainRoute(
  backend: Backend,
  namespace: string | undefined,
  near: Surroundings,
): Explanation | undefined {
  const { where, name } = backend
  const missing = explainBackend(backend, namespace, near.services)
  if (missing) return missing
  const found = near.services?.find((each) => each.metadata.name === name)
  const behind = found && explainService(found, { ...near, events: [] })
  if (behind?.tone !== 'bad') return undefined
  return {
    ...behind,
    sentence: t('explain.ingress.behind', { where, name, why: behind.sentence }),
    tries: [{ text: t('explain.open', { kind: 'Service', name }), link: { kind: 'Service', name, namespace } }],
  }
}

/** A Service to which an Ingress or a route leads. */
export interface Backend {
  /** Host and path. */
  where: string
  name: string
  port: string | number | undefined
}

/** The Services that an Ingress names, once for each path. */
export function ingressBackends({ spec }: Ingress): Backend[] {
  const all = [
    ...(spec?.defaultBackend ? [{ where: '*', backend: spec.defaultBackend }] : []),
    ...(spec?.rules ?? []).flatMap(({ host = '*', http }) =>
      (http?.paths ?? []).map(({ path = '/', backend }) => ({ where: `${host}${path}`, backend })),
    ),
  ]
  return all.flatMap(({ where, backend: { service } }) =>
    service ? [{ where, name: service.name, port: service.port?.name ?? service.port?.number }] : [],
  )
}

/** Whether the Service of a backend, or its port, is missing. @param services unset where they may not be read */
export function explainBackend(
  { where, name, port }: Backend,
  namespace: string | undefined,
  services: readonly Stored<Service>[] | undefined,
): Explanation | undefined {
  if (services === undefined) return undefined
  const found = services.find((each) => each.metadata.name === name)
  const edit: Try = { text: t('explain.ingress.tryService'), action: 'edit' }
  if (!found)
    return {
      tone: 'bad',
      state: 'NoService',
      sentence: t('explain.ingress.noService', { where, name }),
      why: [],
      tries: [edit],
    }
  if (found.spec?.ports?.some((each) => each.name === port || each.port === port)) return undefined
  return {
    tone: 'bad',
    state: 'NoPort',
    sentence: t('explain.ingress.noPort', { where, name, port: String(port) }),
    why: [],
    tries: [{ text: t('explain.open', { kind: 'Service', name }), link: { kind: 'Service', name, namespace } }, edit],
  }
}

const openPod = ({ metadata: { name, namespace } }: Stored<Pod>): Try => ({
  text: t('explain.workload.tryPod', { name }),
  link: { kind: 'Pod', name, namespace },
})

const includes = (labels: Record<string, string>, selector: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)
