/** What the harness and its agents say to each other, in lines of JSON. */
export type AgentCommand =
  | { do: 'listen'; id: number; name: string; tcp: readonly number[]; udp: readonly number[] }
  | {
      do: 'connect'
      id: number
      proto: 'tcp' | 'udp'
      dst: string
      port: number
      timeoutMs: number
      /** Port of the client; without it the kernel chooses. */
      sport?: number
      /** Address of the client, where it has several. */
      source?: string
    }
  /** Many connections, counted. */
  | {
      do: 'share'
      id: number
      proto: 'tcp' | 'udp'
      dst: string
      port: number
      timeoutMs: number
      count: number
      atOnce: number
    }

export type AgentAnswer = {
  id: number
  /** `answer`, `refused`, `timeout`, `unreachable`, `reset`, `ready`, `shared`, or an errno. */
  verdict: string
  backend?: string
  peer?: string
  sport?: number
  /** Of `share`: verdicts, and what backends answered from. */
  verdicts?: Record<string, number>
  backends?: Record<string, number>
  peers?: Record<string, string[]>
}

/** Ports of clients whose first packet is traced, one after the other. */
export const TRACED_PORTS = { from: 19_000, to: 19_999 } as const
