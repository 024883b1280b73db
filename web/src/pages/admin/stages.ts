// Stages of a flow as sentences: what each asks of a person, or does for them.
import { get } from '../../lib/api/client';
import { kindOfComponent } from '../../lib/api/kinds';
import type { Row, Stage } from '../../lib/api/types';
import { duration } from '../../lib/format';

export interface Said {
  text: string;
  /** Details worth a second line. */
  notes: string[];
}

const FIELDS: Record<string, string> = { username: 'username', email: 'e-mail', upn: 'UPN' };

type Speaker = (own: Row) => Said;

const say = (text: string, ...notes: (string | false | undefined)[]): Said => ({
  text,
  notes: notes.filter((note): note is string => typeof note === 'string' && note !== ''),
});

const SPEAKERS: Record<string, Speaker> = {
  'ak-stage-identification-form': (own) =>
    say(
      own.password_stage ? 'Ask who it is, and the password' : 'Ask who it is',
      own.user_fields?.length
        ? `by ${(own.user_fields as string[]).map((field) => FIELDS[field] ?? field).join(' or ')}`
        : 'by a source only',
      own.passwordless_flow && 'passkeys offered',
      own.enrollment_flow && 'sign-up offered',
      own.recovery_flow && 'recovery offered',
    ),
  'ak-stage-password-form': (own) =>
    say('Ask for the password', own.failed_attempts_before_cancel > 0 && `${own.failed_attempts_before_cancel} attempts`),
  'ak-stage-authenticator-validate-form': (own) =>
    say(
      'Check the second factor',
      own.not_configured_action === 'skip' && 'skipped for people without one',
      own.not_configured_action === 'deny' && 'refused without one',
      own.not_configured_action === 'configure' && 'set up on the way without one',
      own.last_auth_threshold && own.last_auth_threshold !== 'seconds=0' && `not asked again for ${duration(own.last_auth_threshold)}`,
    ),
  'ak-stage-user-login-form': (own) =>
    say(
      'Sign in',
      own.session_duration && own.session_duration !== 'seconds=0'
        ? `stays ${duration(own.session_duration)}`
        : 'stays until the browser closes',
    ),
  'ak-stage-user-logout-form': () => say('Sign out'),
  'ak-stage-user-write-form': (own) =>
    say('Save what was entered to the account', own.create_users_as_inactive && 'new accounts start inactive'),
  'ak-stage-user-delete-form': () => say('Delete the account'),
  'ak-stage-prompt-form': (own) => say('Ask for details', own.fields?.length ? `${own.fields.length} fields` : 'no fields yet'),
  'ak-stage-consent-form': (own) =>
    say(
      'Ask for consent',
      own.mode === 'always_require' && 'every time',
      own.mode === 'permanent' && 'once and for all',
      own.mode === 'expiring' && `again after ${duration(own.consent_expire_in)}`,
    ),
  'ak-stage-deny-form': (own) => say('Refuse', own.deny_message),
  'ak-stage-email-form': (own) => say('Send an e-mail', own.subject),
  'ak-stage-captcha-form': () => say('Check that it is a person'),
  'ak-stage-redirect-form': (own) => say('Send on to another place', own.target_static),
  'ak-stage-dummy-form': () => say('Do nothing, for tests'),
  'ak-stage-invitation-form': () => say('Look for an invitation'),
  'ak-stage-source-form': () => say('Sign in at another source'),
  'ak-stage-authenticator-totp-form': (own) => say('Set up an authenticator app', own.digits && `${own.digits} digits`),
  'ak-stage-authenticator-static-form': (own) => say('Make recovery codes', own.token_count && `${own.token_count} codes`),
  'ak-stage-authenticator-webauthn-form': () => say('Set up a passkey'),
  'ak-stage-authenticator-sms-form': () => say('Set up codes by SMS'),
  'ak-stage-authenticator-email-form': () => say('Set up codes by e-mail'),
  'ak-stage-authenticator-duo-form': () => say('Set up Duo'),
};

export async function describe(stage: Stage): Promise<Said> {
  const speaker = SPEAKERS[stage.component];
  if (!speaker) return say(stage.verbose_name.replace(/ Stage$/, ''));
  try {
    const kind = await kindOfComponent(stage.component);
    return speaker(await get<Row>(`${kind.path}/${stage.pk}`));
  } catch {
    return speaker({});
  }
}
