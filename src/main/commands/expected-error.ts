/** A failure that the user can fix: only its message is shown. */
export class ExpectedError extends Error {}
