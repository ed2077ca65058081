#!/usr/bin/env node
/** Mode ipvs of the model against user-mode Linux. See bin/test-kernel-ipvs.ts. */
if (process.platform !== 'linux')
  console.log(`test:kernel ipvs: SKIPPED, nothing was compared: it needs Linux, this is ${process.platform}`)
else {
  const { load, root } = await import('./bundle.js')
  const { main } = await load('bin/test-kernel-ipvs.ts')
  process.exitCode = await main(process.argv.slice(2), { root })
}
