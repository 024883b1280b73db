import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow, PolicyBinding, StageBinding } from '../src/lib/api/types';
import { draw, wrapped } from '../src/lib/flow/diagram';
import { changes, moved, undone, type Placed } from '../src/lib/flow/order';
import { asked, conditions, plain, wrong, type Step } from '../src/lib/flow/words';

const placed = (...orders: number[]): Placed[] => orders.map((order, at) => ({ pk: String.fromCharCode(97 + at), order }));

/** As the server lists them: by number, equal ones as they were. */
const listed = (list: readonly Placed[]): string =>
  [...list]
    .sort((one, other) => one.order - other.order)
    .map(({ pk }) => pk)
    .join('');

test('a stage that moves gets a number between its neighbours', () => {
  assert.deepEqual(changes(placed(10, 20, 30), 2, 1), [{ pk: 'c', order: 15, before: 30 }]);
  assert.deepEqual(changes(placed(0, 100), 1, 0), [
    { pk: 'b', order: 110, before: 100 },
    { pk: 'a', order: 10, before: 0 },
    { pk: 'b', order: 0, before: 110 },
  ]);
  assert.deepEqual(changes(placed(10, 20, 100), 0, 1), [{ pk: 'a', order: 60, before: 10 }]);
  assert.deepEqual(changes(placed(10, 20, 30), 0, 2), [{ pk: 'a', order: 40, before: 10 }]);
  assert.deepEqual(changes(placed(10, 20), 1, 1), []);
});

test('after each change the order is the one before or the one that is wanted', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let round = 0; round < 3000; round += 1) {
    const list = placed(...Array.from({ length: 2 + random(6) }, () => random(14)).sort((one, other) => one - other));
    const [from, to] = [random(list.length), random(list.length)];
    const [before, wanted] = [listed(list), moved(list, from, to).map(({ pk }) => pk)];
    const all = changes(list, from, to);
    let now: Placed[] = list;
    const seen = [before];
    for (const { pk, order, before: was } of all) {
      assert.equal(now.find((item) => item.pk === pk)?.order, was);
      now = now.map((item) => (item.pk === pk ? { pk, order } : item));
      seen.push(listed(now));
    }
    const context = `${JSON.stringify(list)} ${from} ${to}: ${seen.join(' ')}`;
    assert.equal(listed(now), wanted.join(''), context);
    assert.ok(
      seen.every((order) => order === before || order === wanted.join('')),
      context,
    );
    assert.ok(
      now.every(({ order }) => order >= 0),
      context,
    );
    for (const { pk, order } of undone(all)) now = now.map((item) => (item.pk === pk ? { pk, order } : item));
    assert.deepEqual(now, list);
  }
});

const flow = {
  name: 'Sign in',
  slug: 'sign-in',
  authentication: 'require_unauthenticated',
  policy_engine_mode: 'any',
} as Flow;

const bound = (more: Partial<PolicyBinding>): PolicyBinding =>
  ({ policy: null, group: null, user: null, negate: false, vanished: [], ...more }) as PolicyBinding;

const step = (name: string, policies: PolicyBinding[] = [], more: Partial<StageBinding> = {}): Step => ({
  binding: {
    pk: name,
    stage: name,
    stage_obj: { name, verbose_name: 'Dummy Stage' },
    evaluate_on_plan: false,
    re_evaluate_policies: true,
    policy_engine_mode: 'any',
    invalid_response_action: 'retry',
    ...more,
  } as StageBinding,
  said: undefined,
  policies,
});

const geo = bound({ policy: 'p', policy_obj: { name: 'geo' } as PolicyBinding['policy_obj'] });
const staff = bound({ group: 'g', negate: true, group_obj: { name: 'Staff' } as PolicyBinding['group_obj'] });

test('conditions are sentences', () => {
  assert.equal(plain(conditions([geo, staff], 'all')), 'the policy geo passes and the person is not in the group Staff');
  assert.equal(
    plain(conditions([{ ...geo, negate: true }, bound({ user: 7, user_obj: { username: 'uma' } as PolicyBinding['user_obj'] })], 'any')),
    'the policy geo refuses or the person is uma',
  );
  assert.match(plain(conditions([bound({ vanished: ['group'] })], 'any')), /nobody: the group .* was deleted/);
  assert.equal(asked(step('a', [], { evaluate_on_plan: true }).binding), 'asked when the flow begins and again when the stage is reached');
  assert.equal(wrong(step('a').binding), undefined);
  assert.match(wrong(step('a', [], { invalid_response_action: 'restart' }).binding) ?? '', /begins the flow anew/);
});

test('a drawing has a box for each stage and condition, and none of them meet', () => {
  const drawing = draw(flow, [step('one'), step('two', [geo]), step('three', [staff]), step('four')], [staff]);
  assert.deepEqual(
    drawing.boxes.map(({ kind }) => kind),
    ['start', 'question', 'refused', 'question', 'refused', 'stage', 'question', 'stage', 'question', 'stage', 'stage', 'end'],
  );
  for (const one of drawing.boxes) {
    assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= drawing.width && one.y + one.height <= drawing.height);
    for (const other of drawing.boxes) {
      const apart =
        one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
      assert.ok(one === other || apart, `${one.lines} over ${other.lines}`);
    }
  }
  // Two are refused at the gates, and two stages can be gone around; the first way around ends at the next condition.
  const around = drawing.arrows.filter((arrow) => arrow.around);
  assert.equal(around.length, 4);
  const next = drawing.boxes.filter(({ kind }) => kind === 'question')[3];
  assert.ok(around.some(({ points }) => points.at(-1)?.[1] === (next?.y ?? 0) + 12));
  assert.deepEqual(drawing.told.slice(1, 5), [
    'The flow is for: People who are not signed in. Others are refused.',
    'Only if the person is not in the group Staff. Others are refused.',
    '1. Dummy Stage (one).',
    '2. Dummy Stage (two), only if the policy geo passes; otherwise it is skipped.',
  ]);
  assert.deepEqual(
    draw({ ...flow, authentication: 'none' }, [], []).boxes.map(({ kind }) => kind),
    ['start', 'end'],
  );
});

test('texts in boxes are wrapped, and long words cut', () => {
  assert.deepEqual(wrapped('Ask who it is, and the password', 16), ['Ask who it is,', 'and the password']);
  assert.deepEqual(wrapped('default-authentication-identification', 20), ['default-', 'authentication-', 'identification']);
  assert.deepEqual(wrapped('abcdefghijklmnopqrstuvwxyz', 20), ['abcdefghijklmnopqrst', 'uvwxyz']);
  assert.deepEqual(wrapped('', 20), []);
});
