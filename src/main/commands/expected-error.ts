/** A failure that is the user's to mend: its message is all they need to see. */
export class ExpectedError extends Error {}
