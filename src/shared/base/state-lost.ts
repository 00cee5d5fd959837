/** What is in memory is no longer what is on disk: going on would answer wrongly, so the process has to end. */
export class StateLost extends Error {}
