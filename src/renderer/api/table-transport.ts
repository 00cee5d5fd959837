import type { Transport, WatchEvent } from '#shared/client/transport.ts'
import type { KubeList, KubeObject, ListMeta } from '#shared/kube/object.ts'

/** What the server prints of an object: the way in which a kind that has no room here shows itself. */
export interface Printed {
  columns: readonly ColumnDefinition[]
  cells: readonly unknown[]
}

/** `meta.k8s.io/v1` TableColumnDefinition. */
export interface ColumnDefinition {
  name: string
  type: string
  format?: string
  description?: string
  /** 0: shown in the list; more: where there is room. */
  priority?: number
}

interface Table {
  kind?: string
  metadata?: ListMeta
  columnDefinitions?: ColumnDefinition[]
  rows?: { cells: unknown[]; object: KubeObject }[]
}

const printed = Symbol('printed')
type WithPrinted = KubeObject & { [printed]?: Printed }

/** Unset for objects that did not come as rows of a Table. */
export const printedOf = (object: KubeObject): Printed | undefined => (object as WithPrinted)[printed]

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/**
 * Asks for lists and watches as Tables, and hands out their objects with what the server printed of them. Servers that
 * do not know Tables answer with the objects alone.
 */
export function createTableTransport(transport: Transport): Transport {
  return {
    ...transport,
    async request(request) {
      const answer = await transport.request({ ...request, path: withObjects(request.path), accept })
      return isTable(answer) ? listOf(answer) : answer
    },
    watch(request, sink) {
      let columns: readonly ColumnDefinition[] = []
      const unpack = ({ type, object }: { type: string; object: unknown }): WatchEvent[] => {
        if (!isTable(object)) return [{ type, object } as WatchEvent]
        // Only the first event of a watch has the definitions.
        if (object.columnDefinitions?.length) columns = object.columnDefinitions
        return (object.rows ?? []).map((row) => ({ type, object: objectOf(row, columns) }) as WatchEvent)
      }
      return transport.watch(
        { ...request, path: withObjects(request.path), accept },
        { events: (batch) => sink.events(batch.flatMap(unpack)), closed: (error) => sink.closed(error) },
      )
    },
  }
}

const withObjects = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}includeObject=Object`

const isTable = (answer: unknown): answer is Table => (answer as Table | undefined)?.kind === 'Table'

const listOf = ({ metadata = {}, rows = [], columnDefinitions = [] }: Table): KubeList => ({
  metadata,
  items: rows.map((row) => objectOf(row, columnDefinitions)),
})

function objectOf(
  { object, cells }: { object: KubeObject; cells: unknown[] },
  columns: readonly ColumnDefinition[],
): WithPrinted {
  return { ...object, [printed]: { columns, cells } }
}
