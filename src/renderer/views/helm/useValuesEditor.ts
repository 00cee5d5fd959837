import type { EditorView } from '@codemirror/view'
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { LineCounter, parseDocument } from 'yaml'
import { secretValueSpans } from '../../helm/secret-values.ts'
import type { ValuesSchema } from '../../helm/values-schema.ts'
import { completeFrom } from '../../panels/manifest/completion.ts'
import { createEditor, goTo, showProblems } from '../../panels/manifest/editor.ts'
import { showMasks } from '../../panels/manifest/masks.ts'
import { inPlace, type Problem } from '../../panels/manifest/problems.ts'
import { checkManifest } from '../../panels/manifest/schema-check.ts'
import { fieldDocs, schemaInfo } from '../../panels/manifest/schema-docs.ts'
import type { SchemaSource } from '../../panels/manifest/schema.ts'
import { smallestChange } from '../../panels/manifest/text-edits.ts'

export interface ValuesEditor {
  text: Ref<string>
  /** The text as it was when the user last paused. */
  checked: Ref<string>
  problems: ComputedRef<readonly Problem[]>
  mount(parent: HTMLElement, text: string, label: string): void
  setText(text: string): void
  /** Takes the pause as over. */
  settle(): void
  show(problem: Problem): void
}

/** Time without typing after which values are checked and rendered, ms. */
const pause = 400

/** A YAML editor of a chart's values: completed, explained and checked by the chart's schema. */
export function useValuesEditor(options: {
  schema(): ValuesSchema | undefined
  onChange(text: string): void
  onSubmit(): void
  /** What Helm has against the text. */
  told(text: string): readonly Problem[]
}): ValuesEditor {
  const { schema, onChange, onSubmit, told } = options
  const text = ref('')
  const checked = ref('')
  const view = shallowRef<EditorView>()
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => {
    clearTimeout(timer)
    view.value?.destroy()
  })
  /** Values have no kind: there is one schema for all. */
  const source: SchemaSource = { load: () => Promise.resolve(), known: () => schema() }
  const problems = computed(() => inPlace([...problemsOf(checked.value, source), ...told(checked.value)]))
  watch([problems, view], ([found, at]) => at && showProblems(at, found))
  watch([checked, view], ([now, at]) => at && showMasks(at, secretValueSpans(now)))

  function settle(): void {
    clearTimeout(timer)
    checked.value = text.value
  }
  function show({ from }: Problem): void {
    if (view.value) goTo(view.value, from)
  }
  return {
    ...{ text, checked, problems, settle, show },
    mount(parent, initial, label) {
      text.value = checked.value = initial
      view.value = createEditor({
        ...{ parent, text: initial, label, onSubmit, complete: completeFrom(source) },
        onChange(changed) {
          text.value = changed
          clearTimeout(timer)
          timer = setTimeout(settle, pause)
          onChange(changed)
        },
        onNext() {
          const [first] = problems.value
          if (first) show(first)
        },
        docs(now, offset) {
          const found = fieldDocs({ document: parseDocument(now), at: [], object: nothing }, offset, source)
          if (!found) return undefined
          const { from, to, name, schema: about, required } = found
          return { from, to, card: () => schemaInfo(name, about, { required }) }
        },
      })
    },
    setText(wanted) {
      const at = view.value
      if (!at || wanted === text.value) return
      at.dispatch({ changes: smallestChange(at.state.doc.toString(), wanted) })
      settle()
    },
  }
}

const nothing = { metadata: {} }

function problemsOf(text: string, source: SchemaSource): Problem[] {
  const document = parseDocument(text, { lineCounter: new LineCounter(), version: '1.1' })
  const mistakes = document.errors.map(({ message, pos: [from, to] }): Problem => {
    const words = message.split(' at line ')[0] ?? ''
    return { severity: 'error', source: 'yaml', message: words, from, to: Math.max(to, from + 1) }
  })
  return mistakes.length > 0 ? mistakes : checkManifest({ document, at: [], object: nothing }, source)
}
