import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { errorOf } from '#shared/client/answer-error.ts'
import { useApi } from '../../api/index.ts'
import type { Tone } from '../../components/tone.ts'
import { t } from '../../texts/index.ts'

/** How a context answered when it was last asked. */
export type Answer =
  | { state: 'unasked' }
  | { state: 'asking' }
  | { state: 'answers'; ms: number; version: string; nodes?: number | undefined }
  /** `refused`: by the server, or no credentials; `unreachable`: no answer. */
  | { state: 'refused'; reason: string; at: number }
  | { state: 'unreachable'; reason: string; at: number }

/** How long an answer may take, and how long it is until the next try, ms. */
export const patience = 10_000
export const again = 30_000

/**
 * Asks a context for its version, now and every half minute while it is looked at.
 * @param unasked not by itself, because its credential plugin may open a browser
 */
export function useProbe(
  context: string,
  { unasked }: { unasked: boolean },
): { answer: ShallowRef<Answer>; ask(): Promise<void> } {
  const { back } = useApi()
  const answer = shallowRef<Answer>({ state: 'unasked' })
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  async function get(path: string): Promise<{ status: number; body: string }> {
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(t('home.contexts.silent', { n: patience / 1_000 }))), patience),
    )
    return Promise.race([back.kube.request({ context, method: 'GET', path }), late])
  }
  async function ask(): Promise<void> {
    clearTimeout(timer)
    if (answer.value.state === 'unasked') answer.value = { state: 'asking' }
    const found = await probe(get)
    if (stopped) return
    answer.value = found
    timer = setTimeout(() => void ask(), again)
  }
  if (!unasked) void ask()
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
  })
  return { answer, ask }
}

async function probe(get: (path: string) => Promise<{ status: number; body: string }>): Promise<Answer> {
  const begun = performance.now()
  try {
    const { status, body } = await get('/version')
    const ms = Math.round(performance.now() - begun)
    if (status !== 200)
      return {
        state: status === 503 ? 'unreachable' : 'refused',
        reason: errorOf(status, body).message,
        at: Date.now(),
      }
    const { gitVersion } = parsed(body)
    // Whoever may see the version may not see the nodes; credentials that are no good are found out here, too.
    const nodes = await get('/api/v1/nodes?limit=1')
    if (nodes.status === 401) return { state: 'refused', reason: errorOf(401, nodes.body).message, at: Date.now() }
    return {
      state: 'answers',
      ms,
      version: typeof gitVersion === 'string' ? gitVersion : '',
      nodes: nodes.status === 200 ? countOf(parsed(nodes.body)) : undefined,
    }
  } catch (error) {
    return { state: 'unreachable', reason: messageOf(error), at: Date.now() }
  }
}

/** How many objects a list has, those of its other pages included; undefined where it is no list. */
function countOf({ items, metadata }: Answered): number | undefined {
  if (!Array.isArray(items)) return undefined
  const { remainingItemCount: left } = fieldsOf(metadata)
  return items.length + (typeof left === 'number' ? left : 0)
}

/** Of whatever answers: nothing of it is sure. */
type Answered = Readonly<Record<string, unknown>>
/** None where it is no object. */
const fieldsOf = (value: unknown): Answered => (typeof value === 'object' && value !== null ? { ...value } : {})

function parsed(body: string): Answered {
  try {
    return fieldsOf(JSON.parse(body))
  } catch {
    return {}
  }
}

/** State and words of an answer. */
export function useAnswerText(answer: ShallowRef<Answer>): ComputedRef<{ tone: Tone; text: string } | undefined> {
  return computed(() => {
    const { value } = answer
    if (value.state === 'unasked') return undefined
    if (value.state === 'asking') return { tone: 'busy', text: t('home.contexts.asking') }
    if (value.state === 'answers') return { tone: 'good', text: t('home.contexts.answers', { n: value.ms }) }
    return value.state === 'refused'
      ? { tone: 'warn', text: t('home.contexts.refused') }
      : { tone: 'bad', text: t('home.contexts.unreachable') }
  })
}
