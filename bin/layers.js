/**
 * The import map: which folder of src may import which. The one table from which the checker's rules are made, and
 * which docs/ARCHITECTURE.md shows. Imports go only downward.
 */
export const LAYERS = {
  sim: [],
  model: ['sim'],
  tools: ['model', 'sim'],
  shell: ['tools', 'model', 'sim'],
  lesson: ['shell', 'tools', 'model', 'sim'],
  cli: ['lesson', 'shell', 'tools', 'model', 'sim'],
  lab: ['lesson', 'shell', 'tools', 'model', 'sim'],
  views: ['lab'],
  app: ['views', 'lab', 'lesson'],
}

/** What views and app may use of the layers below: types only, except these doors. */
export const DOORS = {
  views: [
    '^src/lab/(client|replica|protocol|share|trace|watch|kubernetes-schema|rules-desk|rules-protocol|mode-law)\\.tsx?$',
    '^src/sim/(clock|contract)\\.ts$',
  ],
  app: ['^src/lab/', '^src/lesson/', '^src/views/', '^src/sim/(clock|contract)\\.ts$'],
}

/** Packages each layer may import; anything else is an error. Pure layers live almost without. */
export const PACKAGES = {
  sim: [],
  model: ['yaml'],
  tools: ['yaml'],
  shell: ['yaml', 'unbash', 'just-bash'],
  lesson: [
    'yaml',
    'unified',
    'remark-parse',
    'remark-gfm',
    'remark-directive',
    'remark-rehype',
    'rehype-sanitize',
    'mdast',
    'hast',
    'unist',
    'vfile',
  ],
}
