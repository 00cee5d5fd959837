import { isolateHistory } from '@codemirror/commands'
import type { Annotation } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Transport } from '#shared/client/transport.ts'
import { completeFrom } from './completion.ts'
import { readManifests, type Manifest } from './documents.ts'
import { createEditor, goTo, showProblems } from './editor.ts'
import { secretSpans, showMasks } from './masks.ts'
import { causeValue, inPlace, serverProblems, type Problem, type Refusal } from './problems.ts'
import { checkSchema } from './schema-check.ts'
import { docsAt, schemaInfo } from './schema-docs.ts'
import { Schemas } from './schema.ts'
import { format, smallestChange } from './text-edits.ts'

export interface ManifestEditor {
  /** What the editor holds. */
  text: Ref<string>
  view: ShallowRef<EditorView | undefined>
  schemas: Schemas
  /** Of the text as it was when the user last paused. */
  manifests: ComputedRef<readonly Manifest[]>
  problems: ComputedRef<readonly Problem[]>
  /** Draws the editor. */
  mount(parent: HTMLElement, text: string, label: string): void
  /** Changes the text as little as is needed. */
  setText(text: string): void
  /** Puts another text in place of this one, which one undo brings back. */
  replaceText(text: string): void
  formatText(): void
  /** Takes the pause as over, for what is done at once. */
  settle(): void
  /** What a server said of the objects of the text, by their index; it is shown until its fields change. */
  tell(refusals: readonly { index: number; refusal: Refusal }[]): void
  show(problem: Problem): void
  /** To the next or previous problem. */
  next(step: 1 | -1): void
}

/** Time without typing after which a text is checked, ms. */
const pause = 200

/** A YAML editor that completes, explains and checks with the schemas of one cluster. */
export function useManifestEditor(options: {
  transport: Transport
  onChange(text: string): void
  onSubmit(): void
  /** In place of the next problem. @returns whether there was something to go to */
  onNext?(step: 1 | -1): boolean
  /** Who owns the fields is told beside their lines. */
  owners?: boolean
  /** Values of Secrets are drawn as dots, but on the line of the cursor. */
  maskSecrets?: boolean
  /** More problems, which whoever uses this knows. */
  more?: (manifests: readonly Manifest[]) => readonly Problem[]
}): ManifestEditor {
  const { transport, onChange, onSubmit, onNext = () => false, more = () => [], maskSecrets = false } = options
  const text = ref('')
  const checked = ref('')
  const schemas = new Schemas(transport)
  /** Grows when a schema has come. */
  const known = ref(0)
  const view = shallowRef<EditorView>()
  const told = shallowRef<readonly Told[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => {
    clearTimeout(timer)
    view.value?.destroy()
  })

  const read = computed(() => readManifests(checked.value))
  const manifests = computed(() => read.value.manifests)
  const problems = computed<readonly Problem[]>(() => {
    void known.value
    return inPlace([
      ...read.value.mistakes.map((mistake): Problem => ({ ...mistake, severity: 'error', source: 'yaml' })),
      ...checkSchema(checked.value, schemas),
      ...told.value.flatMap((each) => stillTrue(each, manifests.value, checked.value)),
      ...more(manifests.value),
    ])
  })
  watch(manifests, (all) => {
    for (const { object } of all) {
      if (object.kind === 'CustomResourceDefinition') schemas.define(object)
      schemas.load(object.apiVersion ?? '', object.kind ?? '').then(
        () => known.value++,
        () => undefined,
      )
    }
  })
  watch([manifests, view], ([all, at]) => {
    if (maskSecrets && at) showMasks(at, all.flatMap(secretSpans))
  })
  watch([problems, view], ([found, at]) => at && showProblems(at, found))

  function settle(): void {
    clearTimeout(timer)
    checked.value = text.value
  }
  function show({ from }: Problem): void {
    if (view.value) goTo(view.value, from)
  }
  function next(step: 1 | -1): void {
    if (onNext(step) || !view.value) return
    const at = view.value.state.selection.main.head
    const all = [...problems.value].sort((a, b) => a.from - b.from)
    const found = step === 1 ? all.find(({ from }) => from > at) : all.findLast(({ from }) => from < at)
    const target = found ?? (step === 1 ? all[0] : all.at(-1))
    if (target) show(target)
  }

  function put(wanted: string, annotations: Annotation<unknown>[] = []): void {
    const at = view.value
    if (!at || wanted === text.value) return
    at.dispatch({ changes: smallestChange(at.state.doc.toString(), wanted), annotations })
    settle()
  }

  return {
    ...{ text, view, schemas, manifests, problems, settle, show, next },
    setText: (wanted) => put(wanted),
    // Changes that follow each other at once are one step of the history else.
    replaceText: (wanted) => put(wanted, [isolateHistory.of('full')]),
    mount(parent, initial, label) {
      text.value = checked.value = initial
      view.value = createEditor({
        ...{ parent, text: initial, label, onSubmit, onNext: next, owners: options.owners },
        onChange(changed) {
          text.value = changed
          clearTimeout(timer)
          timer = setTimeout(settle, pause)
          onChange(changed)
        },
        complete: completeFrom(schemas),
        docs(now, offset) {
          const found = docsAt(now, offset, schemas)
          if (!found) return undefined
          const { from, to, name, schema, required } = found
          return { from, to, card: () => schemaInfo(name, schema, { required }) }
        },
      })
    },
    formatText() {
      const at = view.value
      if (at) at.dispatch({ changes: smallestChange(at.state.doc.toString(), format(text.value)) })
    },
    tell(refusals) {
      settle()
      told.value = refusals.flatMap(({ index, refusal }) => {
        const manifest = manifests.value[index]
        if (!manifest) return []
        return [
          { index, refusal, text: checked.value, values: refusal.causes.map((cause) => causeValue(manifest, cause)) },
        ]
      })
    },
  }
}

/** What a server said, and of what. */
interface Told {
  index: number
  refusal: Refusal
  text: string
  values: readonly unknown[]
}

/** The causes whose fields are as they were when the server spoke. */
function stillTrue({ index, refusal, text, values }: Told, manifests: readonly Manifest[], now: string): Problem[] {
  const manifest = manifests[index]
  if (!manifest) return []
  if (refusal.causes.length === 0) return text === now ? serverProblems(manifest, refusal, index) : []
  const causes = refusal.causes.filter(
    (cause, at) => JSON.stringify(causeValue(manifest, cause)) === JSON.stringify(values[at]),
  )
  return causes.length > 0 ? serverProblems(manifest, { ...refusal, causes }, index) : []
}
