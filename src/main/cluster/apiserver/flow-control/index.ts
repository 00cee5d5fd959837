import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { flowSchemas, priorityLevelConfigurations } from '#shared/kube/resources.ts'
import type { Store } from '../../store/store.ts'
import type { AuthorizationAttributes } from '../api/access.ts'
import type { ObjectReader } from '../api/reader.ts'
import { matcherOf, type Matcher } from './classifier.ts'
import { defaultFlowSchemas, defaultPriorityLevels } from './default-objects.ts'
import { PriorityLevel, type Admitted, type Lending, type Seat, type WhenGone } from './level.ts'
import { FlowCounts, flowMetrics } from './metrics.ts'
import { TooManyRequests } from './too-many-requests.ts'
import { divideSeats, serverSeats } from './shares.ts'

/** API priority and fairness: which requests run at once, which wait, and which are refused. */
export interface FlowControl {
  /** Finds the FlowSchema and the priority level of a request. */
  classify(request: AuthorizationAttributes): Flow
  /** The metrics, in the Prometheus text format. */
  text(): string
  stop: Stop
}

/** The class of a request. */
export interface Flow {
  readonly schemaUid: string
  readonly levelUid: string
  /**
   * Waits until the request may run; it is counted until its seat is left.
   * @param seats how many it needs; a list of many objects needs several
   * @throws TooManyRequests when it may not
   */
  enter(seats: number, whenGone: WhenGone): Seat | Promise<Seat>
}

/** A FlowSchema ready to match, in the order of precedence. */
interface Schema {
  matches: Matcher
  uid: string
  name: string
  distinguisher: string | undefined
  level: PriorityLevel
  counts: FlowCounts
}

const prefix = '/registry/flowcontrol.apiserver.k8s.io/'

/**
 * Starts flow control by the FlowSchemas and PriorityLevelConfigurations of the store, which it follows. Where the mandatory ones
 * are missing, their defaults apply.
 */
export function createFlowControl({
  store,
  reader,
  clock,
}: {
  store: Store
  reader: ObjectReader
  clock: Clock
}): FlowControl {
  const levels = new Map<string, PriorityLevel>()
  const counts = new Map<string, FlowCounts>()
  let schemas: Schema[] | undefined
  const lending = lendingOf(levels)
  const stop = follow(store, () => (schemas = undefined))

  function load(): Schema[] {
    const configured = withMandatory(reader.list(priorityLevelConfigurations), defaultPriorityLevels())
    configureLevels(levels, configured, { clock, lending })
    return withMandatory(reader.list(flowSchemas), defaultFlowSchemas())
      .sort((a, b) => precedence(a) - precedence(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
      .flatMap((schema) => schemaOf(schema) ?? [])
  }

  function schemaOf({ metadata, spec }: FlowSchema & Named): Schema | undefined {
    const level = spec && levels.get(spec.priorityLevelConfiguration.name)
    if (!level) return undefined
    const { name, uid = '' } = metadata
    const key = `${name}/${level.name}`
    let known = counts.get(key)
    if (!known) counts.set(key, (known = new FlowCounts(name, level.name)))
    return { matches: matcherOf(spec), uid, name, distinguisher: spec.distinguisherMethod?.type, level, counts: known }
  }

  return {
    classify(request) {
      schemas ??= load()
      const schema = schemas.find(({ matches }) => matches(request)) ?? schemas.at(-1)
      if (!schema) throw new Error('no FlowSchema is left for a request')
      return flowOf(schema, request, clock)
    },
    text: () => flowMetrics(counts.values(), levels.values()),
    stop,
  }
}

const precedence = ({ spec }: FlowSchema): number => spec?.matchingPrecedence ?? 1000

/** Names that flow control cannot do without (mandatory objects of Kubernetes). */
const mandatory = new Set(['exempt', 'catch-all'])

function withMandatory<T extends Named>(stored: readonly T[], defaults: readonly T[]): T[] {
  const missing = defaults.filter(
    ({ metadata }) => mandatory.has(metadata.name) && !stored.some((object) => object.metadata.name === metadata.name),
  )
  return [...stored, ...missing]
}

function configureLevels(
  levels: Map<string, PriorityLevel>,
  configured: readonly (PriorityLevelConfiguration & Named)[],
  parts: { clock: Clock; lending: Lending },
): void {
  const specs = new Map(configured.flatMap(({ metadata, spec }) => (spec ? [[metadata.name, spec] as const] : [])))
  const divided = divideSeats(specs)
  for (const name of levels.keys()) if (!specs.has(name)) levels.delete(name)
  for (const { metadata, spec } of configured) {
    const { name, uid = '' } = metadata
    const seats = divided.get(name)
    if (!spec || !seats) continue
    const level = levels.get(name)
    if (level) level.configure(uid, spec, seats)
    else levels.set(name, new PriorityLevel({ name, uid, spec, seats, ...parts }))
  }
}

/** A level may use what others do not ask for, but for what they keep to themselves. */
function lendingOf(levels: ReadonlyMap<string, PriorityLevel>): Lending {
  return {
    limitOf(level) {
      let left = serverSeats
      for (const other of levels.values())
        if (other !== level && !other.exempt)
          left -= Math.max(other.seats.lower, Math.min(other.seats.nominal, other.demand))
      return Math.min(level.seats.upper, left)
    },
    freed() {
      for (const level of levels.values()) if (level.waiting > 0) level.serve()
    },
  }
}

function flowOf(
  { uid, name, distinguisher, level, counts }: Schema,
  request: AuthorizationAttributes,
  clock: Clock,
): Flow {
  return {
    schemaUid: uid,
    levelUid: level.uid,
    enter(wanted, whenGone) {
      const asked = clock.now()
      const flow = `${name}/${distinguisherOf(distinguisher, request)}`
      const admitted = level.enter({ flow, seats: wanted }, whenGone)
      if (!(admitted instanceof Promise)) return seatOf(admitted, counts, wanted, asked, clock)
      counts.waiting++
      return admitted.finally(() => counts.waiting--).then((later) => seatOf(later, counts, wanted, asked, clock))
    },
  }
}

const distinguisherOf = (method: string | undefined, request: AuthorizationAttributes): string => {
  if (method === 'ByUser') return request.user.name
  return method === 'ByNamespace' && request.resourceRequest ? request.namespace : ''
}

/** Counts a request while it has its seats. @throws TooManyRequests */
function seatOf(admitted: Admitted, counts: FlowCounts, seats: number, asked: number, clock: Clock): Seat {
  if (typeof admitted === 'string') {
    counts.reject(admitted)
    throw new TooManyRequests()
  }
  const started = clock.now()
  counts.waited.observe((started - asked) / 1000)
  counts.dispatched++
  counts.executing++
  counts.seats += seats
  return {
    leave() {
      counts.executing--
      counts.seats -= seats
      counts.executed.observe((clock.now() - started) / 1000)
      admitted.leave()
    },
  }
}

/** Calls `changed` after every change of the objects of flow control. */
function follow(store: Store, changed: () => void): Stop {
  let stopped = false
  let stopWatch: Stop = () => undefined
  const start = (): void => {
    if (stopped) return
    changed()
    // A watch that fell behind the store's event buffer begins anew.
    stopWatch = store.watch(prefix, store.revision, { changes: changed, close: start })
  }
  start()
  return () => {
    stopped = true
    return stopWatch()
  }
}
