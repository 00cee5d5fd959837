import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import { locate, writeFieldPath, type FieldPath } from './fields.ts'
import type { Manifest } from './documents.ts'
import type { Problem } from './problems.ts'
import { t } from '../../texts/index.ts'
import { writeFields } from './text-edits.ts'
import { threeWay, type Change, type Clash } from './three-way.ts'

export type Side = 'mine' | 'theirs' | 'base'

/** A field in conflict, and what the user has chosen for it. */
export interface OpenClash extends Clash {
  id: string
  /** Who wrote the server's value. */
  managers: readonly string[]
  /** `changed`: the server's value is newer than the edit's base. `owned`: another manager owns the field. */
  why: 'changed' | 'owned'
  choice?: Side
}

export interface MergeState {
  clashes: ShallowRef<readonly OpenClash[]>
  /** What was merged without a question. */
  alone: ShallowRef<{ mine: readonly Change[]; theirs: readonly Change[] }>
  open: ComputedRef<number>
  /** Fields for which the user has chosen their own value over another manager's. */
  taken: ComputedRef<readonly string[]>
  /** What is still to choose, as problems of the text. */
  problems(manifest: Manifest | undefined): Problem[]
  /** Brings the server's changes into the text. @returns whether nothing is left to choose */
  begin(sides: { base: unknown; mine: unknown; theirs: unknown }, managersOf: (path: FieldPath) => string[]): boolean
  /** Adds fields that the server refused because of their owners. */
  refuse(clashes: readonly Omit<OpenClash, 'id' | 'why'>[]): void
  choose(id: string, side: Side): void
  chooseAll(side: Side): void
  clear(): void
}

/** The three-way merge of an edited text with what the server holds now. */
export function useMerge(text: () => string, setText: (text: string) => void): MergeState {
  const clashes = shallowRef<readonly OpenClash[]>([])
  const alone = shallowRef<{ mine: readonly Change[]; theirs: readonly Change[] }>({ mine: [], theirs: [] })
  const open = computed(() => clashes.value.filter(({ choice }) => choice === undefined).length)
  const taken = computed(() => clashes.value.filter(({ choice }) => choice === 'mine').map(({ id }) => id))

  function write(changes: readonly Change[]): void {
    setText(writeFields(text(), 0, changes))
  }
  function choose(id: string, side: Side): void {
    const clash = clashes.value.find((each) => each.id === id)
    if (!clash) return
    // What the user wrote of it meanwhile is theirs, too.
    if (side !== 'mine' || (clash.choice !== undefined && clash.choice !== 'mine'))
      write([{ path: clash.path, value: clash[side] }])
    clashes.value = clashes.value.map((each) => (each.id === id ? { ...each, choice: side } : each))
  }

  return {
    ...{ clashes, alone, open, taken, choose },
    problems(manifest) {
      if (!manifest) return []
      return clashes.value.flatMap(({ id, path, choice, why, managers }) =>
        choice === undefined
          ? [
              {
                severity: 'error' as const,
                source: 'merge' as const,
                field: id,
                message: t(`editor.merge.problem.${why}`, { manager: managers.join(', ') || t('editor.merge.server') }),
                ...locate(manifest.document, [...manifest.at, ...path]).span,
              },
            ]
          : [],
      )
    },
    begin(sides, managersOf) {
      const merge = threeWay(sides.base, sides.mine, sides.theirs)
      // A choice of an earlier round holds while both values are as they were.
      const earlier = new Map(clashes.value.map((each) => [each.id, each]))
      clashes.value = merge.clashes.map((clash) => {
        const id = writeFieldPath(clash.path)
        const before = earlier.get(id)
        const isSame = before && JSON.stringify(before.theirs) === JSON.stringify(clash.theirs)
        return {
          ...clash,
          ...{ id, why: 'changed', managers: managersOf(clash.path) },
          ...(isSame && before.choice ? { choice: before.choice } : {}),
        }
      })
      alone.value = { mine: merge.mine, theirs: merge.theirs }
      write(merge.theirs)
      return open.value === 0
    },
    refuse(refused) {
      const added = refused.map((clash): OpenClash => ({ ...clash, id: writeFieldPath(clash.path), why: 'owned' }))
      clashes.value = [...clashes.value.filter(({ id }) => added.every((each) => each.id !== id)), ...added]
    },
    chooseAll(side) {
      for (const { id } of clashes.value) choose(id, side)
    },
    clear() {
      clashes.value = []
      alone.value = { mine: [], theirs: [] }
    },
  }
}
