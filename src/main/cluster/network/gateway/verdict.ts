/** A condition's content; time and generation are added when it is written. */
export interface Verdict {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

/** A condition that holds. */
export const yes = (type: string, reason: string, message = ''): Verdict => ({ type, status: 'True', reason, message })
/** A condition that does not hold, with what is told of it. */
export const no = (type: string, reason: string, message: string): Verdict => ({
  type,
  status: 'False',
  reason,
  message,
})
