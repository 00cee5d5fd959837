import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { Resource } from '#shared/client/client.ts'
import { defined } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../../api/index.ts'
import { yamlOf } from '../../composables/object-yaml.ts'
import type { ObjectTarget } from '../../composables/target.ts'
import { t } from '../../texts/index.ts'
import { createApplier } from './apply.ts'
import { conflictsOf, readManifests, survivors } from './documents.ts'
import { readFieldPath, valueAt, writeFieldPath, type FieldPath } from './fields.ts'
import { managersOf } from './owners.ts'
import { refusalOf } from './problems.ts'
import { useDraft } from './useDraft.ts'
import { useManifestEditor } from './useManifestEditor.ts'
import { useMerge } from './useMerge.ts'

export interface ObjectEditOptions {
  target: ObjectTarget
  resource: Resource
  /** Whether the user sees it: only then the server is asked whether the object has changed. */
  shown(): boolean
  /** Why the object may not be changed; empty when it may. */
  locked(): string
  /** Called when the object is saved as wanted. @param isLeft whether something that was typed meanwhile is not */
  onSaved(isLeft: boolean): void
  /** F8 while fields are in conflict: to the next of them. @returns whether there was one */
  onNext(step: 1 | -1): boolean
}

/** Time between looks at whether the object has changed on the server, ms. */
const lookEvery = 4_000

/**
 * The edit of one object: its text, the draft of it, the merge with what others change meanwhile, and saving by
 * server-side apply. What is written goes to the very object that the edit began with: not to another one that the text
 * names, nor to one that has taken its name since.
 */
export function useObjectEdit({ target, resource, shown, locked, onSaved, onNext }: ObjectEditOptions) {
  const { context, apiVersion, kind, namespace, name, uid } = target
  const { client } = useApi().cluster(context)
  const applier = createApplier(client.transport)
  const isSecret = kind === 'Secret'
  const draft = useDraft(`${context}/${apiVersion}/${kind}/${namespace ?? ''}/${name}`)
  const merge = useMerge(
    () => editor.text.value,
    (now) => editor.setText(now),
  )
  const editor = useManifestEditor({
    transport: client.transport,
    onChange: edited,
    onSubmit: () => void save(),
    onNext,
    owners: true,
    more: ([manifest]) => merge.problems(manifest),
  })
  const { text } = editor

  /** What the edit began from, and what the server holds. */
  const base = ref('')
  const server = ref('')
  const live = shallowRef<KubeObject>()
  const error = ref('')
  /** Fields that were taken out, and that the server kept. */
  const kept = shallowRef<readonly string[]>([])
  /** What the server took, and what it made of it, while the user is asked for the fields that it kept. */
  let saved: Saved | undefined
  const note = ref('')
  const busy = ref(false)
  const restored = ref(false)
  const changed = computed(() => text.value !== base.value)
  const overtaken = computed(() => server.value !== base.value)
  const errors = computed(() => editor.problems.value.filter(({ severity }) => severity === 'error'))
  /** Why a dry run would be of no use; empty when it can be run. */
  const unreadable = computed(() => {
    const count = errors.value.filter(({ source }) => source === 'yaml' || source === 'schema').length
    return count > 0 ? t('editor.off.problems', { n: count }) : ''
  })
  /** Why nothing can be saved; empty when it can. */
  const unsavable = computed(() => {
    if (locked() !== '') return locked()
    if (merge.open.value > 0) return t('editor.off.clashes', { n: merge.open.value })
    if (errors.value.length > 0) return t('editor.off.problems', { n: errors.value.length })
    return changed.value || merge.taken.value.length > 0 ? '' : t('editor.off.unchanged')
  })

  /** @throws Error when another object has taken the name of the edited one */
  async function fetchText(): Promise<string> {
    const object = { apiVersion, kind, ...(await client.get(resource, { namespace, name })) }
    if (object.metadata.uid !== uid) throw new Error(t('editor.replaced', { kind, name }))
    live.value = object
    return editableText(object)
  }

  async function load(parent: () => HTMLElement | undefined): Promise<void> {
    try {
      const now = await fetchText()
      const found = isSecret ? undefined : await draft.find()
      const host = parent()
      // At once with the text: what is not there yet is not changed.
      server.value = now
      base.value = found?.base ? found.base : now
      restored.value = found !== undefined && found.text !== now
      const initial = found?.text ?? now
      if (host) editor.mount(host, initial, t('editor.label', { kind, name }))
    } catch (failure) {
      fail(failure)
    }
  }

  /** While nothing is edited the text follows the server. */
  async function refresh(): Promise<void> {
    const untouched = !changed.value
    const now = await fetchText().catch(() => undefined)
    if (now === undefined) return
    server.value = now
    if (!untouched || changed.value || now === base.value) return
    base.value = now
    editor.setText(now)
  }
  const timer = setInterval(() => {
    if (shown() && !document.hidden && !busy.value) void refresh()
  }, lookEvery)
  onScopeDispose(() => clearInterval(timer))
  watch(shown, (now) => now && base.value && void refresh())

  function edited(): void {
    note.value = error.value = ''
    kept.value = []
    keepDraft()
  }
  function keepDraft(): void {
    if (isSecret) return
    if (changed.value) draft.keep(text.value, base.value)
    else void draft.remove()
  }

  async function discard(): Promise<void> {
    if (busy.value) return
    const unwanted = text.value
    try {
      startFrom(unwanted, await fetchText())
    } catch (failure) {
      fail(failure)
    }
  }

  function fail(failure: unknown): void {
    const refusal = refusalOf(failure)
    error.value = refusal.message
    if (failure instanceof ApiError) editor.tell([{ index: 0, refusal }])
  }

  /** The one object of the text. @throws Error when it cannot be read, or is not the one that this edits */
  function written(): KubeObject {
    const { manifests, mistakes } = readManifests(text.value)
    const [mistake] = mistakes
    const object = manifests[0]?.object
    if (mistake) throw new Error(t('editor.lineSays', { line: mistake.line, message: mistake.message }))
    if (!object || manifests.length !== 1) throw new Error(t('editor.oneObject'))
    const isSame =
      object.kind === kind &&
      object.apiVersion === apiVersion &&
      object.metadata.name === name &&
      (object.metadata.namespace === undefined || object.metadata.namespace === namespace)
    if (isSame) return object
    throw new Error(
      namespace
        ? t('editor.otherIn', { apiVersion, kind, name, namespace })
        : t('editor.other', { apiVersion, kind, name }),
    )
  }

  /** Runs one call that writes; a failure is shown. @returns whether it succeeded */
  async function attempt(write: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    error.value = note.value = ''
    editor.tell([])
    busy.value = true
    try {
      await write()
      return true
    } catch (failure) {
      if (failure instanceof ApiError && conflictsOf(failure.status.details).length > 0) await askOwners(failure)
      else fail(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  const apply = (
    object: KubeObject,
    options: { dryRun?: boolean; force?: boolean } = {},
  ): Promise<{ result: KubeObject }> => applier.apply(object, { namespace: namespace ?? 'default', uid, ...options })

  const objectOf = (yaml: string): unknown => readManifests(yaml).manifests[0]?.object
  const managers = (path: FieldPath): string[] => managersOf(live.value?.metadata.managedFields, path)

  /** Fields that others own become conflicts to choose in. */
  async function askOwners(failure: ApiError): Promise<void> {
    server.value = await fetchText().catch(() => server.value)
    const [was, mine, theirs] = [objectOf(base.value), objectOf(text.value), objectOf(server.value)]
    merge.refuse(
      conflictsOf(failure.status.details).map(({ field, manager }) => {
        const path = readFieldPath(field)
        return {
          path,
          ...{ base: valueAt(was, path), mine: valueAt(mine, path), theirs: valueAt(theirs, path) },
          managers: [manager],
        }
      }),
    )
  }

  /** Brings in what the server has changed since the edit began. @returns whether nothing is left to choose */
  async function mergeServer(): Promise<boolean> {
    server.value = await fetchText()
    if (!overtaken.value) return merge.open.value === 0
    const mine = written()
    const isSettled = merge.begin({ base: objectOf(base.value), mine, theirs: objectOf(server.value) }, managers)
    base.value = server.value
    if (!isSecret) draft.keep(text.value, base.value)
    return isSettled
  }

  async function mergeNow(): Promise<void> {
    await attempt(async () => void (await mergeServer()))
  }

  async function dryRun(): Promise<void> {
    editor.settle()
    if (unreadable.value) return
    const sent = text.value
    const isDone = await attempt(async () => void (await apply(written(), { dryRun: true, force: isTaken() })))
    if (isDone && text.value === sent) note.value = t('editor.accepted')
  }

  /** Whether every field that another manager owns is one that the user wants to take. */
  const isTaken = (): boolean => merge.open.value === 0 && merge.taken.value.length > 0

  async function save(): Promise<void> {
    editor.settle()
    if (unsavable.value) return
    await attempt(async () => {
      if (!(await mergeServer())) return
      const [sent, object] = [text.value, written()]
      const { result } = await applyTaken(object)
      saved = { sent, result }
      kept.value = survivors(objectOf(base.value), object, result)
      if (kept.value.length === 0) finish()
    })
  }

  /** Takes fields of other managers where the user has chosen to, and no others. */
  async function applyTaken(object: KubeObject): Promise<{ result: KubeObject }> {
    if (!isTaken()) return apply(object)
    try {
      return await apply(object, { dryRun: true }).then(() => apply(object))
    } catch (failure) {
      const owned = failure instanceof ApiError ? conflictsOf(failure.status.details) : []
      const isChosen = (field: string): boolean => {
        const path = writeFieldPath(readFieldPath(field))
        return merge.taken.value.some(
          (taken) => path === taken || path.startsWith(`${taken}.`) || path.startsWith(`${taken}[`),
        )
      }
      if (owned.length === 0 || !owned.every(({ field }) => isChosen(field))) throw failure
      return apply(object, { force: true })
    }
  }

  /** Writes the object as a whole: what is not in the text goes, whoever owns it. */
  async function replace(): Promise<void> {
    await attempt(async () => {
      const [sent, object] = [text.value, written()]
      await fetchText()
      const resourceVersion = live.value?.metadata.resourceVersion
      const metadata = { ...object.metadata, ...defined({ name, namespace, uid, resourceVersion }) }
      const result = await client.update(resource, { ...object, metadata })
      saved = { sent, result }
      finish()
    })
    kept.value = []
  }

  /** The object is as the server has taken it. What was typed since it was sent goes on from there. */
  function finish(): void {
    kept.value = []
    if (!saved) return
    const { sent, result } = saved
    saved = undefined
    live.value = { apiVersion, kind, ...result }
    startFrom(sent, editableText(live.value))
    onSaved(changed.value)
  }

  /** Goes on from what the server holds. @param was the text that gives way to it; what was typed since stays on top of that */
  function startFrom(was: string, now: string): void {
    merge.clear()
    restored.value = false
    const typed = text.value
    base.value = server.value = now
    if (typed === was) editor.setText(now)
    else if (!canMerge(was, typed)) base.value = was
    else merge.begin({ base: objectOf(was), mine: objectOf(typed), theirs: objectOf(now) }, managers)
    keepDraft()
  }
  /** A text that is no object halfway through a word is merged when it is saved: until then, it goes on from what was sent. */
  const canMerge = (...texts: string[]): boolean =>
    texts.every((each) => {
      const { manifests, mistakes } = readManifests(each)
      return manifests.length === 1 && mistakes.length === 0
    })

  return {
    ...{
      editor,
      merge,
      live,
      base,
      server,
      error,
      kept,
      note,
      busy,
      restored,
      changed,
      overtaken,
      unreadable,
      unsavable,
    },
    notKept: draft.notKept,
    ...{ load, refresh, discard, dryRun, save, mergeNow, replace, finish },
  }
}

/** A text that was saved, and the object that it became. */
interface Saved {
  sent: string
  result: KubeObject
}

/** What a user edits: the object without its status and the metadata that only the server sets. */
function editableText(object: KubeObject & { status?: unknown }): string {
  const { status: _status, ...rest } = object
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    generation: _generation,
    managedFields: _fields,
    selfLink: _link,
    ...metadata
  } = rest.metadata
  return yamlOf({ ...rest, metadata }, { secrets: true })
}
