import type { OwnColumn, Yours } from '#shared/contract/yours.ts'
import type { Stored } from '#shared/kube/object.ts'
import { fieldOf, textOf } from '#shared/kube/own-fields.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { meansKind } from '../stores/yours.ts'
import type { Column } from './descriptor.ts'

/** The user's own columns for a kind. */
export const ownColumns = ({ columns = [] }: Yours, resource: Resource): Column<Stored>[] =>
  columns.filter(({ kind }) => meansKind(kind, resource)).map(columnOf)

function columnOf({ name, path, width = 90, hidden = false }: OwnColumn): Column<Stored> {
  const field = fieldOf(path)
  return {
    id: `own:${name}`,
    title: name,
    value(object) {
      const values = field.path.all(object).filter((value) => value !== undefined && value !== null)
      const [only] = values
      return values.length === 1 && typeof only === 'number' ? only : values.map(textOf).join(', ')
    },
    width: `minmax(${width}px,1fr)`,
    drop: 0,
    wide: hidden,
  }
}
