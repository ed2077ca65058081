#!/usr/bin/env node
/** `npm run test:kernel`: the model against the real Linux kernel. See bin/test-kernel.ts. */
if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  const why =
    process.platform === 'linux'
      ? 'it needs root, for network namespaces'
      : `it needs Linux, this is ${process.platform}`
  console.log(`test:kernel: SKIPPED, nothing was compared: ${why}`)
} else {
  const { bundle, load, root } = await import('./bundle.js')
  const agent = await bundle('bin/kernel/agent.ts')
  const worker = await bundle('bin/kernel/worker.ts')
  const guest = await bundle('bin/kernel/guest.ts')
  const { main } = await load('bin/test-kernel.ts')
  process.exitCode = await main(process.argv.slice(2), { agent, worker, guest, root })
}
