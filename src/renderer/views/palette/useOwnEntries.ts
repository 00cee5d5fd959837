import { ExternalLink, SquareChevronRight } from '@lucide/vue'
import { computed, type ComputedRef } from 'vue'
import { useRoute } from 'vue-router'
import { refOf } from '#shared/client/client.ts'
import { objectPath, withType } from '#shared/client/kube-client.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { targetOf } from '../../composables/target.ts'
import { kindKey } from '../../kinds/index.ts'
import { useKinds } from '../../kinds/useKinds.ts'
import { useDock } from '../../stores/dock.ts'
import { useNotices } from '../../stores/notices.ts'
import { useSettings } from '../../stores/settings.ts'
import { meansKind, useYours } from '../../stores/yours.ts'
import type { PaletteEntry } from './entries.ts'

/** The user's own actions and links for the object whose page is shown. */
export function useOwnEntries(): ComputedRef<PaletteEntry[]> {
  const api = useApi()
  const dock = useDock()
  const kinds = useKinds()
  const notices = useNotices()
  const route = useRoute()
  const settings = useSettings()
  const yours = useYours()

  return computed(() => {
    const { context, plural, namespace, name } = route.params
    if (route.name !== 'object' || typeof context !== 'string' || typeof name !== 'string') return []
    const resource = kinds.knownOf(context).find((kind) => kindKey(kind.resource) === plural)?.resource
    if (!resource) return []
    const ref = { name, ...(namespace === '-' ? {} : { namespace: String(namespace) }) }
    const withObject = (act: (object: Stored) => void | Promise<void>) => (): void =>
      void api.cluster(context).client.get(resource, ref).then(act).catch(notices.fail)
    const isFor = ({ kinds: names }: { kinds: readonly string[] }): boolean =>
      names.some((each) => meansKind(each, resource))
    const entry = (title: string, icon: NonNullable<PaletteEntry['icon']>, run: () => void): PaletteEntry => ({
      ...{ id: `own ${title}`, group: 'actions', title, detail: `${resource.kind} ${name}`, icon, run },
    })
    const { actions = [], links = [] } = yours.inForce
    const isLocked = settings.settings.readOnly[context] === true
    return [
      ...actions
        .filter((each) => isFor(each) && (each.readOnly === true || !isLocked))
        .map((each) =>
          entry(
            each.name,
            SquareChevronRight,
            withObject((object) => show(resource, each.name, object)),
          ),
        ),
      ...links.filter(isFor).map((each) =>
        entry(
          each.name,
          ExternalLink,
          withObject(async (object) => {
            const [{ linkUrl }, { openInBrowser }] = await Promise.all([
              import('../../kinds/actions/own.ts'),
              import('../../forwards/open.ts'),
            ])
            openInBrowser(linkUrl(each.url, withType(resource, object)))
          }),
        ),
      ),
    ]

    function show(of: Resource, action: string, object: Stored): void {
      const path = objectPath(of, refOf(object))
      dock.show({ panel: 'command', target: targetOf(String(context), of, object), action, kind: of.kind, path })
    }
  })
}
