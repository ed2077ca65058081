import { deflateRawSync } from 'node:zlib'
import { expect, test } from './pages/test.ts'

test.use({ permissions: ['clipboard-read', 'clipboard-write'] })

const BROKEN = `apiVersion: v1
kind: Pod
metadata:
  name: broken
spec:
  containers:
    - name: app
      image: [registry.k8s.io/pause:3.10.1
`

test('broken YAML: its line is named, nothing typed is lost, the cluster runs on', async ({ lab, page }) => {
  await lab.open('/lab?scenario=default')
  await lab.ready()
  await lab.editor.open()
  await lab.editor.write(BROKEN)
  await expect(lab.editor.state).toHaveText('1 error')
  await expect(lab.editor.remarks.getByRole('listitem').first()).toContainText(/line [89]/)
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByRole('alert')).toContainText(/^Line [89]: .*yaml/i)

  // A wrong type is refused in the API server's words, with the field's place.
  await lab.editor.write(BROKEN.replace('[registry', 'registry').replace('name: app', 'name: 7'))
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByRole('alert')).toContainText('Line 7: ')

  await lab.editor.write(BROKEN.replace('kind: Pod', 'kind: Pad'))
  await lab.editor.write(BROKEN.replace('kind: Pod', 'kind: Pad').replace('[registry', 'registry'))
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByRole('alert')).toContainText('Line 2: no matches for kind "Pad"')

  // Away and back, and through another view: the text is still there, and time has gone on.
  const before = await lab.model.now()
  await page.getByRole('tab', { name: 'Events' }).click()
  await lab.show('Cluster')
  await expect.poll(() => lab.model.now()).toBeGreaterThan(before)
  await lab.editor.open()
  await expect(lab.editor.code).toContainText('kind: Pad')
  expect((await lab.model.pods()).map((pod) => pod.name)).not.toContain('broken')
})

test('10 MB, an alias bomb and 5,000 pods in one text are refused or taken, and the page stays awake', async ({
  lab,
}) => {
  await lab.open('/lab?scenario=default')
  await lab.ready()
  await lab.editor.open()
  await lab.editor.write(`# ${'x'.repeat(77)}\n`.repeat(131_072))
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByRole('alert')).toContainText('the lab takes 3 MB at once')

  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (const [one, two] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'])
    bomb.push(`${two}: &${two} [${`*${one},`.repeat(9)}]`)
  await lab.editor.write(bomb.join('\n'))
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByRole('alert')).toContainText(/^Line \d+: /)

  const pods = Array.from(
    { length: 5000 },
    (_, i) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p-${i}}\nspec: {containers: [{name: a, image: httpd:2.4}]}\n`,
  )
  await lab.editor.write(pods.join('---\n'))
  await lab.editor.compare.click()
  await expect(lab.editor.panel.getByText(/\d+ to create|Line \d+: .*5,?000/).first()).toBeVisible()

  const before = await lab.model.now()
  await expect.poll(() => lab.model.now()).toBeGreaterThan(before)
})

const HOSTILE: readonly [what: string, hash: string, says: RegExp][] = [
  ['garbage', '/lab?run=%00%ff%3Cscript%3E', /cut or changed on its way/],
  ['cut off', '/lab?run=q1YqU7JSMlTSUSpSsjIw', /cut or changed on its way|does not hold a run|another version/],
  ['too long', `/lab?run=${'A'.repeat(200_000)}`, /longer than any that the lab makes/],
  ['no such page', '/r/AAAA', /There is no such page/],
  ['no such lesson', '/lesson/L99', /There is no such lesson/],
  ['no such picture', '/embed/view/__proto__', /There is no such picture/],
  ['half an escape', '/lesson/%E0%A4%A', /There is no such lesson/],
]

test('hostile links get a clear answer and a way on', async ({ lab, page }) => {
  for (const [what, hash, says] of HOSTILE) {
    await lab.open(hash)
    await expect(page.getByRole('main'), what).toContainText(says)
    await expect(page.getByRole('main').getByRole('link', { name: /free lab/i }), what).toBeVisible()
  }
})

test('a link that names no scenario of this lab is refused, and the page lives on', async ({ lab, page }) => {
  for (const run of [
    { v: 1, s: 'nowhere', r: 1, t: 5_000_000 },
    { v: 1, s: '__proto__', r: 1, t: 5_000_000 },
    { v: 1, s: 'default', r: 1, t: 61_000_000, i: [[60_500_000, 1, 'api.request', 'apiserver', { verb: 'explode' }]] },
  ]) {
    await lab.open(`/lab?run=${packed(run)}`)
    const said = page.getByText(/cannot be opened|could not do that|has stopped here/).first()
    await expect(said, run.s).toBeVisible()
  }
})

test('a shared link opens the same run at the same moment', async ({ lab, page }) => {
  await lab.open('/lab?scenario=default&node=worker-2&view=cluster')
  await lab.ready()
  await lab.terminal.open()
  await lab.terminal.run('kubectl create namespace shared')
  await page.getByRole('button', { name: 'Share' }).click()
  const link = page.getByRole('textbox', { name: 'Link to this moment' })
  await expect(link).toHaveValue(/run=/)
  const hash = await lab.model.ask<string>({ q: 'hash' })
  const at = await lab.model.now()

  await lab.open(new URL(await link.inputValue()).hash.slice(1))
  await expect.poll(() => lab.model.now()).toBe(at)
  await expect.poll(() => lab.model.ask<string>({ q: 'hash' })).toBe(hash)
  expect(await lab.model.playing()).toBe(false)
  await expect(lab.picture('cluster')).toBeVisible()
})

function packed(run: object): string {
  return deflateRawSync(JSON.stringify(run)).toString('base64url')
}
