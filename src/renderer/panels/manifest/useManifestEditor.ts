import type { EditorView } from '@codemirror/view'
import { onScopeDispose, ref, shallowRef, type Ref } from 'vue'
import type { Transport } from '#shared/client/transport.ts'
import { readManifests } from './documents.ts'
import { createEditor } from './editor.ts'
import { checkSchema, completeFrom, Schemas } from './schema.ts'

export interface ManifestEditor {
  /** What the editor holds. */
  text: Ref<string>
  schemas: Schemas
  /** Draws the editor. */
  mount(parent: HTMLElement, text: string, label: string): void
  setText(text: string): void
}

/** A YAML editor that completes and checks with the schemas of one cluster. */
export function useManifestEditor({
  transport,
  onChange,
  onSubmit,
}: {
  transport: Transport
  onChange(text: string): void
  onSubmit(): void
}): ManifestEditor {
  const text = ref('')
  const schemas = new Schemas(transport)
  const view = shallowRef<EditorView>()
  onScopeDispose(() => view.value?.destroy())
  return {
    text,
    schemas,
    mount(parent, initial, label) {
      text.value = initial
      view.value = createEditor({
        parent,
        text: initial,
        label,
        onChange(changed) {
          text.value = changed
          onChange(changed)
        },
        onSubmit,
        complete: completeFrom(schemas),
        check: (checked) => [
          ...readManifests(checked).mistakes,
          ...checkSchema(checked, schemas).map((each) => ({ ...each, severity: 'warning' as const })),
        ],
      })
    },
    setText(next) {
      const at = view.value
      at?.dispatch({ changes: { from: 0, to: at.state.doc.length, insert: next } })
    },
  }
}
