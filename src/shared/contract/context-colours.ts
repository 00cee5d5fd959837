/** Colours by which contexts are told apart. */
export const contextColours = ['blue', 'violet', 'pink', 'red', 'orange', 'olive', 'green', 'grey'] as const
