// When a stage of a flow is run, and what is done about a wrong answer, in words.
import type { Flow, FlowStep, PolicyBinding, StageBinding } from '../api/types';

export interface Step {
  binding: StageBinding;
  said: FlowStep | undefined;
  /** Those that are asked, in their order. */
  policies: PolicyBinding[];
}

/** A piece of a sentence; a name leads to what it names. */
export interface Part {
  text: string;
  path?: string;
}

export const AUTHENTICATION: Record<Flow['authentication'], string> = {
  none: 'Everybody',
  require_authenticated: 'Signed-in people only',
  require_unauthenticated: 'People who are not signed in',
  require_superuser: 'Superusers only',
  require_redirect: 'Only when sent here by another flow',
  require_outpost: 'Outposts only',
};

export const DENIED: Record<Flow['denied_action'], string> = {
  message_continue: 'Show a message, or continue where possible',
  message: 'Show a message and end there',
  continue: 'Continue without a message where possible',
};

/** One condition: who passes. */
export function condition(binding: PolicyBinding): Part[] {
  const not = binding.negate;
  if (binding.policy) {
    const name = binding.policy_obj?.name ?? binding.policy;
    return [
      { text: 'the policy ' },
      { text: name, path: `/policy/policies/${binding.policy}/edit` },
      { text: not ? ' refuses' : ' passes' },
    ];
  }
  if (binding.group) {
    const name = binding.group_obj?.name ?? binding.group;
    return [
      { text: not ? 'the person is not in the group ' : 'the person is in the group ' },
      { text: name, path: `/identity/groups/${binding.group}` },
    ];
  }
  if (binding.user !== null && binding.user !== undefined) {
    const name = binding.user_obj?.username ?? String(binding.user);
    return [{ text: not ? 'the person is not ' : 'the person is ' }, { text: name, path: `/identity/users/${binding.user}` }];
  }
  return [{ text: `nobody: the ${binding.vanished?.[0] ?? 'object'} that was named here was deleted` }];
}

/** All conditions of something; nothing where it has none. */
export function conditions(policies: readonly PolicyBinding[], mode: 'any' | 'all'): Part[] {
  return policies.flatMap((binding, at) =>
    at === 0 ? condition(binding) : [{ text: mode === 'all' ? ' and ' : ' or ' }, ...condition(binding)],
  );
}

/** When the conditions are asked. */
export function asked({ evaluate_on_plan: first, re_evaluate_policies: again }: StageBinding): string {
  if (first && again) return 'asked when the flow begins and again when the stage is reached';
  return first ? 'asked once, when the flow begins' : 'asked when the stage is reached';
}

/** What a wrong answer leads to, unless the stage just asks again. */
export function wrong({ invalid_response_action: action }: StageBinding): string | undefined {
  if (action === 'restart') return 'A wrong answer begins the flow anew.';
  if (action === 'restart_with_context') return 'A wrong answer begins the flow anew, with what is known so far.';
  return undefined;
}

export const plain = (parts: readonly Part[]): string => parts.map((part) => part.text).join('');
