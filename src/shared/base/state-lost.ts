/** Memory and disk have diverged: continuing would return wrong results, so the process has to end. */
export class StateLost extends Error {}
