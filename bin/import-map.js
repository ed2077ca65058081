/**
 * Checks the import map with dependency-cruiser: the rules are made from bin/layers.js. First it proves that the
 * checker can see at all: a planted bad import must be reported.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { DOORS, LAYERS, PACKAGES } from './layers.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(root)

const TEST = '\\.test\\.tsx?$'
const names = Object.keys(LAYERS)
const forbidden = names.flatMap((layer) => {
  const barred = names.filter((other) => other !== layer && !LAYERS[layer].includes(other))
  const rules = []
  const typesOnly = layer === 'views' || layer === 'app'
  if (barred.length > 0)
    rules.push({
      name: `${layer}-imports-only-downward`,
      severity: 'error',
      comment: `${layer} may import: ${LAYERS[layer].join(', ') || 'nothing'}`,
      from: { path: `^src/${layer}/`, pathNot: TEST },
      to: {
        path: `^src/(${barred.join('|')})/`,
        ...(typesOnly ? { dependencyTypesNot: ['type-only'], pathNot: DOORS[layer] } : {}),
      },
    })
  if (typesOnly)
    rules.push({
      name: `${layer}-through-its-doors`,
      severity: 'error',
      comment: `${layer} takes types from anywhere below, values only from: ${DOORS[layer].join(' ')}`,
      from: { path: `^src/${layer}/`, pathNot: TEST },
      to: { path: `^src/(${LAYERS[layer].join('|')})/`, pathNot: DOORS[layer], dependencyTypesNot: ['type-only'] },
    })
  if (PACKAGES[layer])
    rules.push({
      name: `${layer}-packages`,
      severity: 'error',
      comment: `${layer} may use the packages: ${PACKAGES[layer].join(', ') || 'none'}`,
      from: { path: `^src/${layer}/`, pathNot: TEST },
      to: {
        path: 'node_modules',
        pathNot: PACKAGES[layer].map((name) => `node_modules/(@types/)?${name}/`),
        ...(PACKAGES[layer].length === 0 ? { pathNot: '^$' } : {}),
      },
    })
  if (['sim', 'model', 'tools', 'shell', 'lesson'].includes(layer))
    rules.push({
      name: `${layer}-no-node`,
      severity: 'error',
      comment: `${layer} runs in a browser worker too`,
      from: { path: `^src/${layer}/`, pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    })
  return rules
})
forbidden.push({
  name: 'no-circles-between-files',
  severity: 'error',
  comment: 'two files that import each other are one file',
  // The kubelet's sync is one state machine: each step goes on in the file of the next, and the last leads to the first.
  from: { path: '^src/', pathNot: '^src/model/kubelet/' },
  to: { circular: true, dependencyTypesNot: ['type-only'], viaOnly: { dependencyTypesNot: ['type-only'] } },
})

const options = {
  ruleSet: { forbidden },
  validate: true,
  tsPreCompilationDeps: true,
  doNotFollow: { path: 'node_modules' },
  tsConfig: { fileName: 'tsconfig.page.json' },
}
const check = async (paths) =>
  (await cruise(paths, options, undefined, { tsConfig: extractTSConfig('tsconfig.page.json') })).output

const planted = 'src/sim/planted-violation'
mkdirSync(planted, { recursive: true })
try {
  writeFileSync(`${planted}/bad.ts`, "import { LATENCY } from '../../model/messages.ts'\nexport const x = LATENCY\n")
  const { summary } = await check([planted])
  if (!summary.violations.some((v) => v.rule.name === 'sim-imports-only-downward')) {
    console.error('import map: the planted bad import was not reported; the checker is blind')
    process.exit(1)
  }
} finally {
  rmSync(planted, { recursive: true })
}

const { summary } = await check(['src'])
for (const v of summary.violations) console.error(`${v.rule.name}: ${v.from} -> ${v.to}`)
console.log(
  `import map: ${summary.totalCruised} modules, ${summary.violations.length} violations; planted violation reported`,
)
process.exit(summary.violations.length > 0 ? 1 : 0)
