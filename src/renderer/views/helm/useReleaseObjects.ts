import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { HelmReleaseDetails } from '#shared/contract/helm.ts'
import { undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import type { Stored } from '#shared/kube/object.ts'
import { useApi } from '../../api/index.ts'
import type { Tone } from '../../components/tone.ts'
import { inTurns } from '../../composables/in-turns.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import type { ContextKinds } from '../../kinds/useKinds.ts'
import { t } from '../../texts/index.ts'

export interface ReleaseObject {
  apiVersion: string
  kind: string
  namespace?: string | undefined
  name: string
  /** Unset until it has been looked at, and where it may not be. */
  state?: { tone: Tone; text: string }
  /** It was there once, by what the release says. */
  isMissing?: boolean
}

/** Time between two looks, ms; longer for releases of many objects. */
const interval = 3_000
const longInterval = 15_000

/** The objects of a release with how they are, looked at again and again while the caller lives. */
export function useReleaseObjects(
  context: () => string,
  release: () => HelmReleaseDetails | undefined,
  kinds: ContextKinds,
): ShallowRef<readonly ReleaseObject[]> {
  const api = useApi()
  const objects = shallowRef<readonly ReleaseObject[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    [release, kinds.loaded],
    (_now, _before, onCleanup) => {
      let stale = false
      onCleanup(() => {
        stale = true
        clearTimeout(timer)
      })
      const look = async (): Promise<void> => {
        const seen = await statesOf(release())
        if (stale) return
        objects.value = seen
        timer = setTimeout(() => void look(), seen.length > 20 ? longInterval : interval)
      }
      void look()
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))

  async function statesOf(details: HelmReleaseDetails | undefined): Promise<ReleaseObject[]> {
    const seen = (details?.objects ?? []).map((object): ReleaseObject => ({ ...object }))
    await inTurns(seen, async (object) => {
      const kind = kinds.kindNamed(object.kind, object.apiVersion)
      if (!kind) return
      const { resource } = kind
      if (resource.namespaced) object.namespace ??= details?.namespace
      const { name, namespace } = object
      const at = { name, ...(resource.namespaced && namespace !== undefined ? { namespace } : {}) }
      try {
        const found = await api.cluster(context()).client.get(resource, at).catch(undefinedIfMissing)
        object.isMissing = found === undefined
        object.state = found ? stateOf(kind, found) : { tone: 'bad', text: t('helm.release.missingObject') }
      } catch {
        // It may not be read: nothing is said of it.
      }
    })
    return seen
  }
  return objects
}

/** What its list says of an object: the first column that has a tone. */
function stateOf(kind: KindDescriptor, object: Stored): { tone: Tone; text: string } {
  const column = kind.columns.find(({ tone }) => tone !== undefined)
  const text = column?.text?.(object, Date.now()) ?? String(column?.value(object) ?? '')
  if (!column?.tone || text === '') return { tone: 'quiet', text: t('helm.release.there') }
  return { tone: column.tone(object), text }
}
