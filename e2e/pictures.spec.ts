import { expect, test } from './pages/test.ts'

test('Packet path and Rules: a request finds its Service by the very rules that the terminal prints', async ({
  lab,
}) => {
  await lab.open('/lab?scenario=shop&view=packet-path')
  await lab.ready()
  const picture = lab.picture('packet-path')
  const dnat = picture.getByRole('button', { name: /^matched: .*DNAT .*--to-destination 10\.244\.[12]\.\d+:8080/ })
  await expect(dnat.first()).toBeVisible()
  await lab.pause()
  const rule = (await dnat.first().locator('code').getAttribute('title'))!
  expect(rule).toMatch(/^-A KUBE-SEP-[A-Z2-7]{16} /)

  // Rule by rule, backwards: the last of all, then the one before it.
  await picture.getByRole('button', { name: '‹ Rule' }).click()
  const now = picture.locator('[aria-current="step"]')
  const last = await now.innerText()
  await picture.getByRole('button', { name: '‹ Rule' }).click()
  await expect(now).not.toHaveText(last)
  await picture.getByRole('button', { name: 'Rule ›' }).click()
  expect(await now.innerText()).toBe(last)

  await lab.terminal.open()
  expect((await lab.terminal.run('ssh worker-1 iptables-save -t nat')).split('\n')).toContain(rule)

  // A new endpoint is a write of new lines.
  await lab.show('Rules')
  const rules = lab.picture('rules')
  await expect(rules).toContainText('KUBE-SERVICES')
  await lab.terminal.run('kubectl -n shop scale deployment web --replicas=3')
  await lab.model.speed(10)
  await lab.play()
  const write = rules.getByRole('complementary', { name: 'The last write' })
  await expect(write).toContainText(/\+ nat -A KUBE-SVC-\w+ .*--probability 0\.333/)
})

test('Cluster: a cable is pulled, the grace runs out, the node is Unknown, and it comes back', async ({
  lab,
  page,
}) => {
  await lab.open('/lab?scenario=default&view=cluster&node=worker-2')
  await lab.ready()
  const picture = lab.picture('cluster')
  await expect(picture.getByRole('button', { name: 'node worker-2, Ready True' })).toBeVisible()
  const flags = (await lab.model.transport())!.bookmarks
  await page.getByRole('button', { name: 'Break something' }).click()
  await page.getByRole('menuitem', { name: /^Cable pulled ?worker-2/ }).click()
  await expect(picture.getByRole('button', { name: 'the cable of worker-2 is pulled' })).toBeVisible()
  const pulled = await lab.model.now()

  await lab.model.speed(100)
  await expect(picture.getByRole('button', { name: /^node worker-2, Ready Unknown/ })).toBeVisible()
  await lab.pause()
  expect(await lab.model.now(), 'the grace of 50 s from the last beat').toBeGreaterThan(pulled + 35_000_000)
  expect((await lab.model.transport())!.bookmarks).toBeGreaterThan(flags)

  // The flags of the line of time lead back to when it happened, and forth again.
  const known = picture.getByRole('button', { name: /^node worker-2, Ready True/ })
  for (let flag = 0; flag < 9 && !(await known.isVisible()); flag++) await lab.press('[')
  await expect(known).toBeVisible()
  await lab.press(']')
  await expect(picture.getByRole('button', { name: /^node worker-2, Ready Unknown/ })).toBeVisible()
  await page.getByRole('button', { name: '1 broken' }).click()
  await page.getByRole('menuitem', { name: /^Heal: Cable pulled/ }).click()
  await lab.play()
  await expect(picture.getByRole('button', { name: 'node worker-2, Ready True' })).toBeVisible()
})

test('a picture in a frame of another page runs there and says that it is ready', async ({ lab, page, baseURL }) => {
  const course = `<title>A course</title><iframe width="900" height="600" src="${baseURL}#/embed/view/node?node=worker-2"></iframe>`
  await page.route('**/course.html', (route) => route.fulfill({ contentType: 'text/html', body: course }))
  await page.goto('course.html')
  const frame = page.frameLocator('iframe')
  await expect(frame.getByRole('group', { name: 'Node worker-2, cut open' })).toBeVisible()
  await expect(frame.getByRole('list', { name: 'Messages under way' }).getByRole('button').first()).toBeAttached()
  await expect
    .poll(() => page.evaluate(() => window.heard?.told))
    .toContainEqual({ nodeglass: 1, type: 'ready', view: 'node' })
  expect(lab.page).toBe(page)
})
