/** Whether a boolean parameter is set, as Go's ParseBool reads it. */
export const isTrue = (value: string | undefined): boolean =>
  value === 'true' || value === '1' || value === 't' || value === 'T' || value === 'TRUE' || value === 'True'
