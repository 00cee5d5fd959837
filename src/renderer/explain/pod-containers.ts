import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { ageText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import { endText, meaningOf } from './exit.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'
import { probeKillOf } from './probe-kill.ts'

/** A container that does not do what it should, with its role: `init` ones hold the others up. */
interface Troubled {
  pod: Pod
  status: ContainerStatus
  isInit: boolean
  near: Surroundings
}

/** Why a pod's containers do not run: the first init container that is held up, else the first container. */
export function explainContainers(pod: Pod, near: Surroundings): Explanation | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const all = [
    ...initContainerStatuses.map((status) => ({ status, isInit: true })),
    ...containerStatuses.map((status) => ({ status, isInit: false })),
  ]
  for (const { status, isInit } of all) {
    const found = explainContainer({ pod, status, isInit, near })
    if (found) return found
  }
  return undefined
}

function explainContainer(container: Troubled): Explanation | undefined {
  const { waiting, terminated } = container.status.state ?? {}
  if (waiting) return explainWaiting(container, waiting.reason ?? '', waiting.message)
  if (terminated && terminated.exitCode !== 0) return crash(container, terminated, terminated.reason ?? 'Error')
  return undefined
}

function explainWaiting(container: Troubled, reason: string, message?: string): Explanation | undefined {
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'RegistryUnavailable':
    case 'SignatureValidationFailed':
    case 'ErrImageNeverPull':
    case 'ImageInspectError':
      return image(container, reason, message)
    case 'InvalidImageName':
    case 'ErrInvalidImageName':
      return {
        ...base(container, reason),
        sentence: t('explain.image.invalid', { image: imageOf(container), container: container.status.name }),
        said: message,
        tries: [{ text: t('explain.image.tryName'), detail: t('explain.image.form'), action: 'edit' }],
      }
    case 'CreateContainerConfigError':
      return config(container, reason, message)
    case 'CreateContainerError':
    case 'RunContainerError':
    case 'PostStartHookError':
    case 'PreStartHookError':
      return {
        ...base(container, reason),
        sentence: t('explain.container.notStarted', named(container)),
        said: message,
        tries: startTries(container, message),
      }
    case 'CrashLoopBackOff': {
      const last = container.status.lastState?.terminated
      return last ? crash(container, last, reason, message) : { ...base(container, reason), said: message }
    }
    default:
      return undefined
  }
}

function crash(container: Troubled, end: ContainerStateTerminated, state: string, backOff = ''): Explanation {
  const { status, isInit, near, pod } = container
  const ran = Date.parse(end.finishedAt ?? '') - Date.parse(end.startedAt ?? '')
  const kill = probeKillOf(status.name, end, near, (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000)
  const byProbe = kill?.probe
  const limit = memoryLimitOf(container)
  const isOver = pod.spec?.restartPolicy === 'Never' || pod.status?.phase === 'Failed'
  const params = {
    container: status.name,
    end: endText(end),
    after: Number.isFinite(ran) ? ageText(ran) : '?',
  }
  const key = end.reason === 'OOMKilled' ? (limit ? 'oom' : 'oomNode') : byProbe ? 'probeKilled' : crashKey(end, isOver)
  return {
    ...base(container, state),
    sentence: t(`explain.crash.${key}`, { ...params, limit, probe: byProbe ?? '' }),
    why: [
      ...(isInit ? [t('explain.container.initHolds')] : []),
      // A probe that failed is the cause of the signal.
      ...(meaningOf(end) && !byProbe ? [meaningOf(end) ?? ''] : []),
      ...(status.restartCount > 0 ? [t('explain.crash.restarts', { n: status.restartCount })] : []),
      ...nextStart(end, backOff, near.now),
    ],
    said: end.message ?? kill?.answer,
    log: { container: status.name, previous: status.state?.terminated === undefined },
    tries: crashTries(container, end, byProbe),
  }
}

const crashKey = ({ exitCode }: ContainerStateTerminated, isOver: boolean): 'completes' | 'ended' | 'crash' =>
  exitCode === 0 ? 'completes' : isOver ? 'ended' : 'crash'

function crashTries(container: Troubled, end: ContainerStateTerminated, byProbe: string | undefined): Try[] {
  const logs: Try = { text: t('explain.crash.tryLogs'), action: 'logs' }
  if (end.reason === 'OOMKilled')
    return [
      {
        text: t(memoryLimitOf(container) ? 'explain.crash.tryMemory' : 'explain.crash.tryLimit'),
        ...(memoryLimitOf(container) && { detail: t('explain.crash.memoryNow', { limit: memoryLimitOf(container) }) }),
        action: 'edit',
      },
      logs,
    ]
  if (byProbe) return [{ text: t('explain.crash.tryProbe', { probe: byProbe }), action: 'edit' }, logs]
  if (end.exitCode === 126 || end.exitCode === 127)
    return [{ text: t('explain.crash.tryCommand'), detail: commandOf(container), action: 'edit' }, logs]
  if (end.exitCode === 0) return [{ text: t('explain.crash.tryJob'), action: 'edit' }, logs]
  return [logs, ...sourcesOf(container), { text: t('explain.crash.tryEdit'), action: 'edit' }]
}

function image(container: Troubled, state: string, message = ''): Explanation {
  const { status, pod, near } = container
  // The back-off hides what the registry said: its event still tells.
  const event = near.events.find(
    ({ reason, message: said = '' }) => reason === 'Failed' && /Failed to pull image/.test(said),
  )
  const said = /ErrImagePull: |rpc error|Failed to pull/.test(message) ? message : (event?.message ?? message)
  const name = imageOf(container)
  const never = state === 'ErrImageNeverPull'
  return {
    ...base(container, state),
    sentence: never
      ? t('explain.image.never', { image: name, container: status.name })
      : t(`explain.image.${causeOfPull(said)}`, { image: name, registry: registryOf(name) }),
    said: said || undefined,
    tries: pullTries(causeOfPull(said), never, pod),
  }
}

/** What a registry's answer means, told by the words that registries and engines use. */
function causeOfPull(said: string): 'notFound' | 'denied' | 'unreachable' | 'limited' | 'certificate' | 'failed' {
  if (/toomanyrequests|too many requests|rate limit/i.test(said)) return 'limited'
  if (/x509|certificate|http: server gave HTTP response/i.test(said)) return 'certificate'
  if (
    /manifest unknown|not found|no such image|does not exist|no matching manifest/i.test(said) &&
    !/no such host/.test(said)
  )
    return /denied|unauthorized/i.test(said) ? 'denied' : 'notFound'
  if (/denied|unauthorized|forbidden|authentication required|no basic auth/i.test(said)) return 'denied'
  if (
    /no such host|timeout|timed out|connection refused|ECONN|EAI_AGAIN|ENOTFOUND|unreachable|dial tcp|deadline exceeded|lookup /i.test(
      said,
    )
  )
    return 'unreachable'
  return 'failed'
}

function pullTries(cause: ReturnType<typeof causeOfPull>, never: boolean, { spec, metadata }: Pod): Try[] {
  const edit: Try = { text: t('explain.image.tryName'), action: 'edit' }
  if (never) return [{ text: t('explain.image.tryLoad') }, { text: t('explain.image.tryPolicy'), action: 'edit' }]
  if (cause === 'denied') {
    const secrets = (spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? [])
    const look = secrets.map((name): Try => ({
      text: t('explain.image.trySecret', { name }),
      link: { kind: 'Secret', name, namespace: metadata.namespace },
    }))
    return look.length > 0 ? [...look, edit] : [{ text: t('explain.image.tryPullSecret'), action: 'edit' }, edit]
  }
  if (cause === 'unreachable')
    return [{ text: t('explain.image.tryNetwork') }, { text: t('explain.image.tryLoad') }, edit]
  if (cause === 'limited')
    return [{ text: t('explain.image.tryWait') }, { text: t('explain.image.tryPullSecret'), action: 'edit' }]
  if (cause === 'certificate') return [{ text: t('explain.image.tryCertificate') }]
  return [edit, { text: t('explain.image.tryLoad') }]
}

function config(container: Troubled, state: string, message = ''): Explanation {
  const { namespace } = container.pod.metadata
  const [, kind, name] = /(secret|configmap) "([^"]+)" not found/i.exec(message) ?? []
  const missing = kind === undefined ? undefined : kind.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap'
  if (missing && name)
    return {
      ...base(container, state),
      sentence: t('explain.config.missing', { kind: missing, name, container: container.status.name }),
      said: message,
      tries: [
        { text: t('explain.config.tryCreate', { kind: missing, name }) },
        { text: t('explain.config.tryOptional'), action: 'edit' },
      ],
    }
  const [, key, holder, named_] =
    /couldn't find key (\S+) in (Secret|ConfigMap) (?:[^/\s]+\/)?(\S+)/.exec(message) ?? []
  if (key && holder && named_)
    return {
      ...base(container, state),
      sentence: t('explain.config.missingKey', { key, kind: holder, name: named_, container: container.status.name }),
      said: message,
      tries: [
        {
          text: t('explain.config.tryKey', { kind: holder, name: named_ }),
          link: { kind: holder, name: named_, namespace },
        },
        { text: t('explain.config.tryOptional'), action: 'edit' },
      ],
    }
  return {
    ...base(container, state),
    sentence: t('explain.config.invalid', named(container)),
    said: message,
    tries: /runAsNonRoot/.test(message)
      ? [{ text: t('explain.config.tryNonRoot'), action: 'edit' }]
      : [{ text: t('explain.crash.tryEdit'), action: 'edit' }],
  }
}

const startTries = (container: Troubled, message = ''): Try[] =>
  /executable file not found|no such file or directory|exec format error|permission denied/i.test(message)
    ? [{ text: t('explain.crash.tryCommand'), detail: commandOf(container), action: 'edit' }]
    : [{ text: t('explain.crash.tryEdit'), action: 'edit' }]

/** ConfigMaps and Secrets that the container reads, at most two: a wrong value there is the commonest cause of a crash. */
function sourcesOf(container: Troubled): Try[] {
  const { namespace } = container.pod.metadata
  const { env = [], envFrom = [] } = specOf(container) ?? {}
  const found = new Map<string, { kind: string; name: string }>()
  const add = (kind: string, name: string | undefined): void =>
    void (name && found.set(`${kind}/${name}`, { kind, name }))
  for (const { configMapRef, secretRef } of envFrom) {
    add('ConfigMap', configMapRef?.name)
    add('Secret', secretRef?.name)
  }
  for (const { valueFrom } of env) {
    add('ConfigMap', valueFrom?.configMapKeyRef?.name)
    add('Secret', valueFrom?.secretKeyRef?.name)
  }
  return [...found.values()].slice(0, 2).map(({ kind, name }) => ({
    text: t('explain.crash.trySource', { kind, name }),
    link: { kind, name, namespace },
  }))
}

/** `back-off 40s restarting failed container`: from the end of the last run (kubelet's Go durations: `2m40s`). */
function nextStart({ finishedAt }: ContainerStateTerminated, backOff: string, now: number): string[] {
  const [, minutes = '0', seconds = '0'] = /back-off (?:(\d+)m)?(?:(\d+)s)?/.exec(backOff) ?? []
  const wait = Number(minutes) * 60_000 + Number(seconds) * 1_000
  if (wait === 0 || !finishedAt) return []
  const left = Date.parse(finishedAt) + wait - now
  return left > 0 ? [t('explain.crash.next', { time: ageText(left) })] : []
}

/** `registry.local:5000` of `registry.local:5000/shop/web:1`; Docker Hub where an image names none. */
function registryOf(name: string): string {
  const [first = ''] = name.split('/')
  return name.includes('/') && /[.:]|^localhost$/.test(first) ? first : 'docker.io'
}

const specOf = ({ pod: { spec }, status }: Troubled): Container | undefined =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(({ name }) => name === status.name)
const imageOf = (container: Troubled): string => specOf(container)?.image || container.status.image
const memoryLimitOf = (container: Troubled): string => specOf(container)?.resources?.limits?.memory ?? ''
function commandOf(container: Troubled): string {
  const { command = [], args = [] } = specOf(container) ?? {}
  return [...command, ...args].join(' ')
}
const named = ({ status }: Troubled) => ({ container: status.name })

const base = (container: Troubled, state: string): Explanation => ({
  tone: 'bad',
  state: container.isInit ? `Init:${state}` : state,
  sentence: t('explain.container.notStarted', named(container)),
  why: container.isInit ? [t('explain.container.initHolds')] : [],
  tries: [],
})
