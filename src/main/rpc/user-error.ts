import { messageOf } from '#shared/base/message-of.ts'

/** The contract's one error, as a handler can make it. */
interface Failable {
  FAILED(options: { message: string; data: { reason: string } }): Error
}

/** Runs `act`, and turns what it throws into the contract's error, with the message for the user. */
export async function withUserError<T>(errors: Failable, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const reason = messageOf(error)
    throw errors.FAILED({ message: reason, data: { reason } })
  }
}
