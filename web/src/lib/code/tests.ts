// Tests that are kept beside a policy or a mapping: who asks, what is known, what is to come of it.
import { get, post } from '../api/client';
import type { ExpressionTest, Page } from '../api/types';

export interface Target {
  of: 'policy' | 'mapping';
  key: string;
}

/** What is asked. */
export type Question = Pick<ExpressionTest, 'user' | 'context'>;

export interface Answer {
  /** Whether a policy passes, or what a mapping gives. */
  value: unknown;
  messages: string[];
  /** Why there is no value. */
  failed?: string;
}

export interface Outcome {
  test: ExpressionTest;
  answer: Answer;
  holds: boolean;
}

/** Asks what is stored. In a trial nothing is changed; else an expression does what it does, if the person may do everything. */
export async function ask({ of, key }: Target, { user, context }: Question, trial: boolean): Promise<Answer> {
  if (of === 'policy') {
    const { passing, messages } = await post<{ passing: boolean; messages: string[] }>(
      `policies/all/${key}/test`,
      { user, context },
      { trial },
    );
    return { value: passing, messages };
  }
  const { result, successful } = await post<{ result: string; successful: boolean }>(
    `propertymappings/all/${key}/test`,
    { user, context },
    { trial },
  );
  return successful ? { value: JSON.parse(result) as unknown, messages: [] } : { value: undefined, messages: [], failed: result };
}

export const kept = async ({ of, key }: Target): Promise<ExpressionTest[]> =>
  (await get<Page<ExpressionTest>>('countersign/expressions/tests', { [of]: key, ordering: 'name', page_size: 100 })).results;

/** The same values, in whichever order maps name them. */
export function equal(one: unknown, other: unknown): boolean {
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), other as Record<string, unknown>];
  return left.length === Object.keys(right).length && left.every(([key, value]) => key in right && equal(value, right[key]));
}

export const holds = (answer: Answer, expected: unknown): boolean => answer.failed === undefined && equal(answer.value, expected);

/** All tests of something, those that fail first. */
export async function runAll(target: Target): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const test of await kept(target)) {
    const answer = await ask(target, test, true).catch((error: unknown): Answer => ({
      value: undefined,
      messages: [],
      failed: String(error),
    }));
    outcomes.push({ test, answer, holds: holds(answer, test.expected) });
  }
  return outcomes.sort((one, other) => Number(one.holds) - Number(other.holds));
}

/** How they went, in a sentence; nothing where there are none. */
export function verdict(outcomes: readonly Outcome[]): string {
  const failing = outcomes.filter((outcome) => !outcome.holds).length;
  if (outcomes.length === 0) return '';
  if (failing === 0) return outcomes.length === 1 ? 'Its test passes.' : `All ${outcomes.length} tests pass.`;
  return `${failing} of ${outcomes.length} tests ${failing === 1 ? 'fails' : 'fail'}.`;
}

/** A result in words. */
export function said(of: Target['of'], value: unknown): string {
  if (of === 'policy') return value === true ? 'passes' : 'does not pass';
  return JSON.stringify(value);
}
