export const root: string
/** Bundles one TypeScript entry for Node; gives the path of the bundle. */
export function bundle(entry: string): Promise<string>
/** Bundles and imports it. */
export function load(entry: string): Promise<unknown>
