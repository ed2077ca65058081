#!/usr/bin/env node
/** `npm run test:kernel`: the model against the real Linux kernel. See bin/test-kernel.ts. */
import { bundle, load } from './bundle.js'

const agent = await bundle('bin/kernel/agent.ts')
const { main } = await load('bin/test-kernel.ts')
process.exitCode = await main(process.argv.slice(2), agent)
