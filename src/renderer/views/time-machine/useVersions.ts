import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { ObjectAddress, ObjectVersion } from '#shared/contract/history.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'

/** What one object was: its versions, two of which are chosen, and both as objects. */
export interface Versions {
  /** Oldest first. */
  versions: ShallowRef<ObjectVersion[]>
  /** Bytes that all versions of the cluster take on disk. */
  bytes: Ref<number>
  state: Ref<'loading' | 'ready' | 'unavailable' | 'failed'>
  reason: Ref<string>
  /** Revisions: what is compared. */
  newer: Ref<number>
  older: Ref<number>
  /** The object after each; null where it was deleted, undefined while it is being read. */
  newerObject: ShallowRef<KubeObject | null | undefined>
  olderObject: ShallowRef<KubeObject | null | undefined>
  /** Chooses a version, and with it the one before. */
  choose(revision: number): void
  index: ComputedRef<number>
  load(): Promise<void>
}

/** The group and plural by which the back knows an object. */
export const addressOf = (
  { group, plural }: Resource,
  { namespace, name }: { namespace?: string | undefined; name: string },
): ObjectAddress => ({ group, resource: plural, ...(namespace === undefined ? {} : { namespace }), name })

/** Before the first version that is known: the object as it was before it. */
export const beforeAll = 0

export function useVersions(subject: () => { context: string; object: ObjectAddress } | undefined): Versions {
  const api = useApi()
  const versions = shallowRef<ObjectVersion[]>([])
  const bytes = ref(0)
  const state = ref<'loading' | 'ready' | 'unavailable' | 'failed'>('loading')
  const reason = ref('')
  const newer = ref(beforeAll)
  const older = ref(beforeAll)
  const newerObject = shallowRef<KubeObject | null>()
  const olderObject = shallowRef<KubeObject | null>()
  const index = computed(() => versions.value.findIndex(({ revision }) => revision === newer.value))

  function choose(revision: number): void {
    const at = versions.value.findIndex((version) => version.revision === revision)
    newer.value = revision
    older.value = versions.value[at - 1]?.revision ?? beforeAll
  }

  async function load(): Promise<void> {
    const asked = subject()
    if (!asked) return
    try {
      const answer = await api.back.history.versions(asked)
      if (JSON.stringify(asked) !== JSON.stringify(subject())) return
      if ('unavailable' in answer) {
        state.value = 'unavailable'
        reason.value = answer.unavailable
        return
      }
      versions.value = answer.versions
      bytes.value = answer.bytes
      state.value = 'ready'
      if (index.value < 0) choose(answer.versions.at(-1)?.revision ?? beforeAll)
    } catch (error) {
      state.value = 'failed'
      reason.value = messageOf(error)
    }
  }

  watch(
    () => JSON.stringify(subject()),
    () => {
      versions.value = []
      state.value = 'loading'
      newer.value = older.value = beforeAll
      void load()
    },
    { immediate: true },
  )

  /** The object after `revision`; before the first version, what is known from it. */
  async function read(revision: number): Promise<KubeObject | null> {
    const asked = subject()
    const first = versions.value[0]
    if (!asked || !first) return null
    const { json } = await api.back.history.version(
      revision === beforeAll
        ? { ...asked, revision: first.revision, side: 'before' }
        : { ...asked, revision, side: 'after' },
    )
    return json === null ? null : (parseExact(json) as KubeObject)
  }
  const follow = (revision: Ref<number>, object: ShallowRef<KubeObject | null | undefined>): void =>
    void watch(
      [revision, versions],
      async (_now, _before, onCleanup) => {
        let stale = false
        onCleanup(() => (stale = true))
        object.value = undefined
        const found = await read(revision.value).catch((error: unknown) => {
          if (!stale) reason.value = messageOf(error)
          return null
        })
        if (!stale) object.value = found
      },
      { immediate: true },
    )
  follow(newer, newerObject)
  follow(older, olderObject)

  return { versions, bytes, state, reason, newer, older, newerObject, olderObject, choose, index, load }
}
