import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'

/**
 * One shape for every stream. oRPC has no back-pressure, and a stream must be the whole input; so the input stream
 * carries `open` once, then credits (how many more messages the reader is ready for) and data.
 * `main/rpc/stream.ts` waits for the credits that `renderer/api/stream.ts` grants.
 */
export function duplex<Open extends z.ZodType, Up extends z.ZodType, Down extends z.ZodType>(shape: {
  open: Open
  up: Up
  down: Down
}) {
  const upward = z.union([
    z.strictObject({ open: shape.open }),
    z.strictObject({ credit: z.number().int().min(1).max(10_000) }),
    z.strictObject({ data: shape.up }),
  ])
  return oc.errors(streamErrors).input(eventIterator(upward)).output(eventIterator(shape.down))
}

/** A stream of messages to the page alone. */
export const downstream = <Open extends z.ZodType, Down extends z.ZodType>(shape: { open: Open; down: Down }) =>
  duplex({ ...shape, up: z.never() })

const streamErrors = {
  /** The call cannot be carried out; the message is for the user. */
  FAILED: { status: 422, data: z.object({ reason: z.string(), hint: z.string().optional() }) },
}

/** A call with the contract's one typed error. */
export const procedure = oc.errors(streamErrors)
