import { explain, type Explanation, type ObjectLink } from '../explain/index.ts'
import { explainBackend, explainService } from '../explain/service.ts'
import type { Tone } from '../components/tone.ts'
import type { UsedObject } from '../kinds/uses.ts'
import { listText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import { edgeId, isThere, nodeId, type Lens, type PodGroup, type Route, type Terrain } from './terrain.ts'

/** What keeps traffic from where it should go, and where on the map that is. */
export interface Problem {
  id: string
  rule: string
  /** The map that shows it. */
  lens: Lens
  /** The node or the edge that it is drawn at. */
  at: string
  /** The node that says it in words. */
  node: string
  tone: Extract<Tone, 'bad' | 'warn' | 'quiet'>
  /** In one word of Kubernetes or of Slipway: `NoReadyEndpoints`. */
  state: string
  /** In three or four words, for the map. */
  short: string
  sentence: string
  why: readonly string[]
  about: ObjectLink
  /** Where else to look. */
  links: readonly ObjectLink[]
}

/** One thing that can be wrong on the map: a declaration in the table below. */
interface ProblemRule {
  id: string
  lens: Lens
  find(terrain: Terrain): Omit<Problem, 'id' | 'rule' | 'lens'>[]
}

/** Everything that is wrong, the worst first. */
export const problemsOf = (terrain: Terrain): Problem[] =>
  rules
    .flatMap(({ id, lens, find }) =>
      find(terrain).map((problem) => ({ ...problem, id: `${id} ${problem.at}`, rule: id, lens })),
    )
    .filter(({ id }, at, all) => all.findIndex((each) => each.id === id) === at)
    .sort((a, b) => worst.indexOf(a.tone) - worst.indexOf(b.tone))

const worst: readonly Problem['tone'][] = ['bad', 'warn', 'quiet']

/** An Ingress that no controller serves, or a route that its Gateway does not take. */
const unserved: ProblemRule = {
  id: 'routes',
  lens: 'traffic',
  find: ({ routes, snapshot: { ingressClasses, now } }) =>
    routes.flatMap(({ id, kind, object, conditions }) => {
      const explanation =
        kind === 'Ingress'
          ? explain('networking.k8s.io/Ingress', object, { now, events: [], ingressClasses })
          : refusalOf(conditions)
      return explanation ? [{ at: id, node: id, about: linkOf(kind, object.metadata), ...told(explanation) }] : []
    }),
}

/** A backend whose Service, or whose port of it, does not exist. */
const missingBackends: ProblemRule = {
  id: 'backends',
  lens: 'traffic',
  find: ({ routes, namespace, snapshot: { services } }) =>
    routes.flatMap(({ id, kind, object, backends }) =>
      backends.flatMap((backend) => {
        const explanation = explainBackend(backend, namespace, services)
        const at = edgeId(id, nodeId('Service', backend.name))
        return explanation ? [{ at, node: id, about: linkOf(kind, object.metadata), ...told(explanation) }] : []
      }),
    ),
}

/** A Service behind which nothing answers: no pods, none ready, no container with its port. */
const deadServices: ProblemRule = {
  id: 'services',
  lens: 'traffic',
  find: (terrain) =>
    terrain.services.flatMap((service) => {
      const { name } = service.metadata
      const node = nodeId('Service', name)
      const about = linkOf('Service', service.metadata)
      const near = { ...terrain.around.near(about), events: [] }
      const whole = explainService(service, near)
      const atNode = whole ? [{ at: node, node, about, ...told(whole) }] : []
      const groups = terrain.behind(service).filter(({ pods }) => pods.length > 0)
      if (groups.length === 0) return atNode
      const atEdges = groups.flatMap((group) => {
        const explanation = explainService(service, { ...near, pods: group.pods })
        if (!explanation || !isOfPods(explanation)) return []
        const found = told(explanation)
        // Other pods of the Service may answer.
        const tone = whole?.tone === 'bad' || found.tone !== 'bad' ? found.tone : ('warn' as const)
        // Pods without endpoints are those that lack the port.
        const short = found.state === 'NoEndpoints' ? t('topology.short.noNamedPort') : found.short
        return [{ at: edgeId(node, group.id), node, about, ...found, tone, short }]
      })
      return whole && !isOfPods(whole) ? [...atNode, ...atEdges] : atEdges
    }),
}

/** Not its load balancer's address. */
const isOfPods = ({ state }: Explanation): boolean =>
  ['NoEndpoints', 'NoReadyEndpoints', 'PortNotDeclared'].includes(state)

/** Pods that policies close: some select them, and none of these lets anything in. */
const closedPods: ProblemRule = {
  id: 'policies',
  lens: 'traffic',
  find: (terrain) =>
    terrain.groups.flatMap((group) => {
      const closing = closingPolicies(terrain, group)
      const [first] = closing
      if (!first) return []
      const isServed = terrain.services.some((service) => terrain.behind(service).includes(group))
      const names = closing.map(({ metadata }) => metadata.name)
      return [
        {
          ...{ at: group.id, node: group.id, tone: isServed ? ('bad' as const) : ('quiet' as const) },
          ...{ state: 'Closed', short: t('topology.short.closed') },
          sentence: t('topology.closed', { name: group.owner.name, policies: listText(names), n: names.length }),
          why: [t(isServed ? 'topology.closedServed' : 'topology.closedUnserved')],
          about: { kind: group.owner.kind, name: group.owner.name, namespace: terrain.namespace },
          links: closing.map(({ metadata }) => linkOf('NetworkPolicy', metadata)),
        },
      ]
    }),
}

/** Policies add up: what one of them lets in comes in. */
function closingPolicies({ policiesOf }: Terrain, { pods }: PodGroup): ReturnType<Terrain['policiesOf']> {
  const selecting = pods.map(({ metadata }) => policiesOf(metadata.labels))
  const closed = selecting.find(
    (policies) => policies.length > 0 && policies.every(({ spec }) => (spec?.ingress ?? []).length === 0),
  )
  return closed ?? []
}

/** What a pod names and nobody has made, or a claim whose volume is not there. */
const unmetUses: ProblemRule = {
  id: 'uses',
  lens: 'config',
  find: ({ snapshot, namespace, groups, around }) =>
    groups.flatMap((group) =>
      group.uses.flatMap((used) => {
        if (isThere(snapshot, used) === false)
          return used.need === 'optional' ? [] : [missingUse(group, used, namespace)]
        const claim =
          used.kind === 'PersistentVolumeClaim' && snapshot.claims?.find(({ metadata }) => metadata.name === used.name)
        if (!claim) return []
        const about = linkOf(used.kind, claim.metadata)
        const node = nodeId(used.kind, used.name)
        const explanation = explain(used.kind, claim, around.near(about))
        return explanation?.tone === 'bad' ? [{ at: node, node, about, ...told(explanation) }] : []
      }),
    ),
}

/** Pods that run go on without it; those that start wait for all but what images are pulled with. */
function missingUse(
  { id, owner, pods, ready, wanted = pods.length }: PodGroup,
  { kind, name, need }: UsedObject,
  namespace: string,
): ReturnType<ProblemRule['find']>[number] {
  const node = nodeId(kind, name)
  const isPull = need === 'pull'
  const isRunning = wanted > 0 && ready >= wanted
  return {
    ...{ at: edgeId(id, node), node, tone: isPull || isRunning ? 'warn' : 'bad', state: 'NotFound' },
    short: t('topology.short.missing', { kind }),
    sentence: t(isPull ? 'topology.pullsWithout' : 'topology.namesMissing', { owner: owner.name, kind, name }),
    why: isPull ? [] : [t(isRunning ? 'topology.runsWithout' : 'topology.waitsFor')],
    ...{ about: { kind: owner.kind, name: owner.name, namespace }, links: [] },
  }
}

const rules: readonly ProblemRule[] = [unserved, missingBackends, deadServices, closedPods, unmetUses]

function refusalOf(conditions: Route['conditions']): Explanation | undefined {
  const refused = conditions.find(({ type, status }) => type === 'Accepted' && status === 'False')
  if (!refused) return undefined
  const said = [refused.message ?? ''].filter(Boolean)
  return { tone: 'bad', state: refused.reason ?? refused.type, sentence: t('topology.refused'), why: said, tries: [] }
}

function told({ tone, state, sentence, why, said, tries }: Explanation) {
  return {
    tone: tone === 'bad' || tone === 'warn' ? tone : ('quiet' as const),
    state,
    short: state in shorts ? t(shorts[state as keyof typeof shorts]) : state,
    sentence,
    why: said ? [...why, said] : why,
    links: tries.flatMap(({ link }) => (link ? [link] : [])),
  }
}

/** What is said on the map itself of a state. */
const shorts = {
  NoEndpoints: 'topology.short.noEndpoints',
  NoReadyEndpoints: 'topology.short.noneReady',
  PortNotDeclared: 'topology.short.undeclared',
  NoService: 'topology.short.noService',
  NoPort: 'topology.short.noPort',
  NoClass: 'topology.short.noClass',
  UnknownClass: 'topology.short.unknownClass',
} as const

const linkOf = (kind: string, { name, namespace }: { name: string; namespace?: string | undefined }): ObjectLink => ({
  kind,
  name,
  namespace,
})
