import { computed, onScopeDispose, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { KubeObject } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { visibleText } from '../../components/visible-text.ts'
import { readManifests } from './documents.ts'
import { writeFieldPath } from './fields.ts'
import { showMarks, type LineMark } from './owner-gutter.ts'
import { linesOf, managersOf, ownersByLine, ownersOf, type Owner } from './owners.ts'
import { changesOf } from './three-way.ts'
import type { ManifestEditor } from './useManifestEditor.ts'

/** Colours of managers, in order; the first is the user's own. */
const colours = ['green', 'orange', 'violet', 'pink', 'olive', 'red', 'grey'] as const

/** Width of the editor below which owners have a bar and no name, px. */
const narrow = 620

/** Marks each line with the manager that owns it, and with the user where they have changed it. */
export function useOwnerMarks(
  editor: ManifestEditor,
  { live, base }: { live: ShallowRef<KubeObject | undefined>; base: Ref<string> },
): {
  owners: ComputedRef<readonly (Owner & { colour: string })[]>
  /** The fields that the user has changed, and who owns them. */
  changes: ComputedRef<readonly { field: string; managers: readonly string[] }[]>
} {
  const { view, manifests } = editor
  const managed = computed(() => live.value?.metadata.managedFields)
  const owners = computed(() =>
    ownersOf(managed.value).map((owner, index) => ({ ...owner, colour: colours[index % colours.length] ?? 'grey' })),
  )
  const baseObject = computed(() => readManifests(base.value).manifests[0]?.object)
  const paths = computed(() => {
    const object = manifests.value[0]?.object
    return object && baseObject.value ? changesOf(baseObject.value, object).map(({ path }) => path) : []
  })
  const changes = computed(() =>
    paths.value.map((path) => ({ field: writeFieldPath(path), managers: managersOf(managed.value, path) })),
  )
  const marks = computed(() => {
    const all = new Map<number, LineMark>()
    const [manifest] = manifests.value
    const doc = view.value?.state.doc
    if (!manifest || !doc) return all
    const lineOf = (offset: number): number => doc.lineAt(Math.min(offset, doc.length)).number
    for (const [line, { manager, all: each }] of ownersByLine(manifest, managed.value, lineOf)) {
      const colour = owners.value.find((owner) => owner.manager === manager)?.colour ?? 'grey'
      const title = t('editor.owners.owns', { manager: visibleText(each.join(', ')) })
      all.set(line, { label: visibleText(manager), colour, title })
    }
    const mine = t('editor.owners.you')
    for (const line of linesOf(manifest, paths.value, lineOf))
      all.set(line, { label: mine, colour: 'blue', title: mine })
    return all
  })
  const resized = new ResizeObserver(([entry]) =>
    view.value?.dom.classList.toggle('cm-narrow', (entry?.contentRect.width ?? 0) < narrow),
  )
  onScopeDispose(() => resized.disconnect())
  watch([marks, view], ([now, at], [, before]) => {
    if (!at) return
    if (at !== before) resized.observe(at.dom)
    if (manifests.value.length > 0) showMarks(at, now)
  })
  return { owners, changes }
}
