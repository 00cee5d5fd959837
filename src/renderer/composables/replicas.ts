/** The number of replicas that is typed; `undefined` for what is none: an empty field is not 0. */
export const replicasOf = (text: string): number | undefined =>
  /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
