import { Monitor, RefreshCw } from '@lucide/vue'
import { computed, type Ref } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { takeoverOf } from '#shared/kube/takeover.ts'
import type { RowMark } from '../../components/table.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { rebuiltImages, useRebuilds } from '../../loop/useRebuilds.ts'
import { listText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'

/** What is said of rows of a list after their names: that they run older images, or that their traffic is taken. */
export function useRowMarks({
  context,
  kind,
  byId,
}: {
  context: () => string
  kind: () => KindDescriptor | undefined
  byId: Readonly<Ref<ReadonlyMap<string, Stored>>>
}): (id: string) => RowMark | undefined {
  const rebuilds = useRebuilds(context)
  const stale = computed((): ReadonlyMap<string, string> => {
    const shown = kind()?.resource.kind
    const byRow = new Map<string, (typeof rebuilds.value)[number][]>()
    for (const pod of rebuilds.value) {
      const name = shown === 'Pod' ? pod.name : shown === pod.workload?.kind ? pod.workload?.name : undefined
      if (name === undefined) continue
      const id = `${pod.namespace}/${name}`
      byRow.set(id, [...(byRow.get(id) ?? []), pod])
    }
    return new Map(
      [...byRow].map(([id, pods]) => [id, t('loop.rebuilt.mark', { images: listText(rebuiltImages(pods).names) })]),
    )
  })
  return (id) => {
    const text = stale.value.get(id)
    if (kind()?.resource.kind !== 'Service') return text === undefined ? undefined : { text, icon: RefreshCw }
    const object = byId.value.get(id)
    return object && takeoverOf(object) ? { text: t('loop.take.mark'), icon: Monitor } : undefined
  }
}
