import { computed, ref, shallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { Resource } from '#shared/client/client.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../../api/index.ts'
import { yamlOf } from '../../composables/object-yaml.ts'
import type { ObjectTarget } from '../../composables/target.ts'
import { createApplier } from './apply.ts'
import { conflictsOf, readManifests, survivors } from './documents.ts'
import { useDraft } from './useDraft.ts'
import { useManifestEditor } from './useManifestEditor.ts'
import { defined } from '#shared/kube/json.ts'

export interface ObjectEditOptions {
  target: ObjectTarget
  resource: Resource
  /** Called when the object is saved as wanted. */
  onSaved(): void
}

/**
 * The edit of one object: its text, the draft of it, and saving by server-side apply. What is written goes to the very
 * object that the edit began with: not to another one that the text names, nor to one that has taken its name since.
 */
export function useObjectEdit({ target, resource, onSaved }: ObjectEditOptions) {
  const { context, apiVersion, kind, namespace, name, uid } = target
  const { client } = useApi().cluster(context)
  const applier = createApplier(client.transport)
  const isSecret = kind === 'Secret'
  const draft = useDraft(`${context}/${apiVersion}/${kind}/${namespace ?? ''}/${name}`)
  const editor = useManifestEditor({ transport: client.transport, onChange: edited, onSubmit: () => void save() })
  const { text } = editor

  /** What the edit began from, and what the server holds. */
  const base = ref('')
  const server = ref('')
  const error = ref('')
  const causes = shallowRef<readonly { message: string; field?: string }[]>([])
  const conflicts = shallowRef<readonly { manager: string; field: string }[]>([])
  /** Fields that were taken out, and that the server kept. */
  const kept = shallowRef<readonly string[]>([])
  const note = ref('')
  const busy = ref(false)
  const restored = ref(false)
  /** The server's state that the user has been told of. */
  let acknowledged = ''
  const changed = computed(() => text.value !== base.value)
  const overtaken = computed(() => server.value !== base.value)
  const readable = computed(() => readManifests(text.value).mistakes.length === 0)

  /** @throws Error when another object has taken the name of the edited one */
  async function fetchObject(): Promise<KubeObject> {
    const object = await client.get(resource, { namespace, name })
    if (object.metadata.uid !== uid)
      throw new Error(
        `${kind} ${name} was deleted and created again. This tab edits the deleted one: open the new one to edit it.`,
      )
    return object
  }
  const fetchText = async (): Promise<string> => editableText({ apiVersion, kind, ...(await fetchObject()) })

  async function load(parent: () => HTMLElement | undefined): Promise<void> {
    try {
      base.value = server.value = await fetchText()
      void editor.schemas.load(apiVersion, kind).catch(() => undefined)
      const found = isSecret ? undefined : await draft.find()
      restored.value = found !== undefined && found.text !== base.value
      const initial = found?.text ?? base.value
      if (found?.base) base.value = found.base
      const host = parent()
      if (host) editor.mount(host, initial, `YAML of ${kind} ${name}`)
    } catch (failure) {
      fail(failure)
    }
  }

  function edited(value: string): void {
    note.value = ''
    kept.value = []
    if (isSecret) return
    if (changed.value) draft.keep(value, base.value)
    else void draft.remove()
  }

  async function discard(): Promise<void> {
    try {
      base.value = server.value = await fetchText()
      editor.setText(base.value)
      restored.value = false
      await draft.remove()
    } catch (failure) {
      fail(failure)
    }
  }

  async function refresh(): Promise<void> {
    server.value = await fetchText().catch(() => server.value)
  }

  function fail(failure: unknown): void {
    error.value = messageOf(failure)
    const details = failure instanceof ApiError ? failure.status.details : undefined
    conflicts.value = conflictsOf(details)
    causes.value = conflicts.value.length > 0 ? [] : (details?.causes ?? [])
  }

  /** The one object of the text. @throws Error when it cannot be read, or is not the one that this edits */
  function written(): KubeObject {
    const { manifests, mistakes } = readManifests(text.value)
    const [mistake] = mistakes
    const object = manifests[0]?.object
    if (mistake) throw new Error(`Line ${mistake.line}: ${mistake.message}`)
    if (!object || manifests.length !== 1) throw new Error('The editor holds one object.')
    const isSame =
      object.kind === kind &&
      object.apiVersion === apiVersion &&
      object.metadata.name === name &&
      (object.metadata.namespace === undefined || object.metadata.namespace === namespace)
    if (isSame) return object
    const where = namespace ? ` in namespace ${namespace}` : ''
    throw new Error(
      `This tab edits ${apiVersion} ${kind} ${name}${where}: API version, kind, name and namespace cannot be changed here. Deploy a copy instead.`,
    )
  }

  /** Runs one call that writes; a failure is shown. @returns whether it succeeded */
  async function attempt(write: () => Promise<void>): Promise<boolean> {
    error.value = note.value = ''
    causes.value = conflicts.value = []
    busy.value = true
    try {
      await write()
      return true
    } catch (failure) {
      fail(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  const apply = (options: { dryRun?: boolean; force?: boolean }): Promise<{ result: KubeObject }> =>
    applier.apply(written(), { namespace: namespace ?? 'default', uid, ...options })

  async function dryRun(): Promise<void> {
    if (await attempt(async () => void (await apply({ dryRun: true })))) note.value = 'The server would accept this.'
  }

  /** @param force takes over fields that other managers own */
  async function save(force = false): Promise<void> {
    let result: KubeObject | undefined
    const isDone = await attempt(async () => {
      server.value = await fetchText()
      // Changes that others made meanwhile are shown before they are overwritten.
      if (overtaken.value && server.value !== acknowledged) {
        acknowledged = server.value
        note.value = `${kind} ${name} has changed on the server. Compare, then save again to apply your text over it.`
        return
      }
      result = (await apply({ force })).result
    })
    if (!isDone || !result) return
    kept.value = survivors(readManifests(base.value).manifests[0]?.object, written(), result)
    if (kept.value.length === 0) await finish()
  }

  /** Writes the object as a whole: what is not in the text goes, whoever owns it. */
  async function replace(): Promise<void> {
    const isDone = await attempt(async () => {
      const object = written()
      const { resourceVersion } = (await fetchObject()).metadata
      const metadata = { ...object.metadata, ...defined({ name, namespace, uid, resourceVersion }) }
      await client.update(resource, { ...object, metadata })
    })
    if (isDone) await finish()
    else kept.value = []
  }

  async function finish(): Promise<void> {
    if (!isSecret) await draft.remove()
    onSaved()
  }

  return {
    ...{ text, server, error, causes, conflicts, kept, note, busy, restored, changed, overtaken, readable },
    notKept: draft.notKept,
    ...{ load, refresh, discard, dryRun, save, replace, finish },
  }
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
