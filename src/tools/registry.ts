import type { Tool } from './contract.ts'
import { kubectl } from './kubectl/kubectl.ts'

/** Every tool that the terminal has; one line each. Menus, help and completion derive from it. */
export const TOOLS: readonly Tool[] = [kubectl]
