/** Clusters that come up and run for two minutes without the rest of the model (`bin/late-modules.test.ts` counts). */
export const SHOWN_FIRST: readonly string[] = ['default', 'shop']
