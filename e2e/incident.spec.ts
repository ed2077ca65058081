import { expect, test } from './pages/test.ts'
import { IncidentByKeyboard } from './pages/incident.ts'

test('an incident is set up, repaired, graded and told, by keyboard alone', async ({ lab, page }) => {
  test.slow()
  const { terminal } = lab
  await lab.open('/lesson/I19')
  const incident = new IncidentByKeyboard(lab, 'I19')
  await expect(incident.article.getByText('When you close it, this must hold')).toBeVisible()
  await incident.press('Begin')
  await expect(incident.article.getByText('Your report')).toBeVisible({ timeout: 60_000 })
  await expect.poll(() => lab.model.playing()).toBe(true)

  // What was done to the cluster lies before the learner came, and is not to be seen yet.
  await expect.poll(() => incident.clock.textContent()).not.toBe('00:00')
  expect(await lab.model.ask<unknown[]>({ q: 'history', table: 'clouds', id: 'cloud', limit: 5 })).toEqual([])

  await incident.choose('cause', /sends to a node without a pod/)
  await incident.write('Evidence, in a line', '503 on worker-2')
  await incident.press(/Hint, costs/)
  await expect(incident.article.getByText('Hint 1 of 3')).toBeVisible()

  await incident.article.getByRole('heading', { name: 'The page' }).focus()
  await terminal.openByKey()
  await terminal.run('kubectl -n shop get service web-lb')
  await terminal.run('kubectl -n shop label service web by=chance')
  await terminal.run('lab fault lb-ignores-health-checks cloud --off')
  await lab.model.speed(20)
  await terminal.run('sleep 40')
  await terminal.leaveByKey()
  await incident.close()

  const { article } = incident
  await expect(article.getByText('Passed.')).toBeVisible()
  await expect(article.locator('[data-passes] b')).toHaveText('80')
  await expect(incident.check('all')).toHaveAttribute('data-passed', 'true')
  await expect(article.getByText('You named it.')).toBeVisible()
  await expect(article.getByText('kubectl -n shop label service web by=chance')).toBeVisible()
  await expect(article.getByText('wrote services/shop/web, which had nothing to do with it')).toBeVisible()
  // The true chain, from the machine: it begins before the learner came.
  await expect(article.getByText('A fault was set by hand.').first()).toBeVisible()
  await expect(article.getByText('503 on worker-2')).toBeVisible()

  await page.reload()
  await expect(article.locator('[data-passes] b')).toHaveText('80')
  await lab.open('/lessons')
  await expect(page.getByRole('link', { name: /Outside traffic is lost on some nodes ?, done/ })).toBeVisible()
})
