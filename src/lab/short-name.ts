/** `web-6c9f7d8b5-4xk2p` as `web-…-4xk2p`: the middle of a long generated name tells nobody anything. */
export function shortName(name: string): string {
  const parts = name.split('-')
  return name.length > 16 && parts.length > 2 ? `${parts[0]}-…-${parts[parts.length - 1]}` : name
}
