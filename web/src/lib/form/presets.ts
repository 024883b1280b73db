// What the metadata cannot say: the labels guides know, which fields come first, which fold away under a sentence,
// and which existing object a fresh form should start with.
import type { Query } from '../api/client';
import type { Row } from '../api/types';

export interface Fold {
  title: string;
  summary?: string;
  fields: string[];
  open?: boolean;
}

export interface Choose {
  path?: string;
  query?: Query;
  /** Chosen on a new object; for a list every match is chosen. */
  prefer?: (row: Row) => boolean;
  /** Also choose the only one there is. */
  only?: boolean;
}

export interface Preset {
  main: string[];
  folds?: Fold[];
  labels?: Record<string, string>;
  help?: Record<string, string>;
  choose?: Record<string, Choose>;
  /** Field is shown only while another one has this value. */
  when?: Record<string, { field: string; value: unknown }>;
  hide?: string[];
  /** Words for choices, where guides know others than the server's. */
  choices?: Record<string, Record<string, string>>;
  /** The choices a person may make, where the server keeps others for itself. */
  offered?: Record<string, string[]>;
  start?: Record<string, unknown>;
  aside?: { title: string; text: string };
}

const flows = (designation: string, slug?: string): Choose => ({
  query: { designation, ordering: 'slug' },
  prefer: slug ? (row) => row.slug === slug : undefined,
});

const OPENID = ['openid', 'email', 'profile'].map((name) => `goauthentik.io/providers/oauth2/scope-${name}`);
const scopes: Choose = {
  path: 'propertymappings/provider/scope',
  prefer: (row) => OPENID.includes(String(row.managed)),
};
const signingKey: Choose = {
  query: { has_key: true },
  prefer: (row) => row.name === 'authentik Self-signed Certificate',
  only: true,
};

const MODES = {
  any: 'Any policy must match to grant access',
  all: 'All policies must match to grant access',
};

/** Words for choices that mean the same in every kind. */
export const COMMON_CHOICES: Record<string, Record<string, string>> = { policy_engine_mode: MODES };

/** Flows by the name of the field that asks for one; valid in every kind. */
export const COMMON: Record<string, Choose> = {
  authorization_flow: flows('authorization', 'default-provider-authorization-explicit-consent'),
  authentication_flow: flows('authentication'),
  invalidation_flow: flows('invalidation', 'default-provider-invalidation-flow'),
  enrollment_flow: flows('enrollment'),
  recovery_flow: flows('recovery'),
  passwordless_flow: flows('authentication'),
  configure_flow: flows('stage_configuration'),
  flow_authentication: flows('authentication'),
  flow_invalidation: flows('invalidation'),
  flow_recovery: flows('recovery'),
  flow_unenrollment: flows('unenrollment'),
  flow_user_settings: flows('stage_configuration'),
  flow_device_code: flows('stage_configuration'),
  signing_key: { query: { has_key: true } },
  encryption_key: { query: { has_key: true } },
  web_certificate: { query: { has_key: true } },
};

const providerFlows: Fold = {
  title: 'Advanced flow settings',
  summary: 'As the brand has it',
  fields: ['authentication_flow', 'invalidation_flow'],
};

export const PRESETS: Record<string, Preset> = {
  'providers/oauth2': {
    main: ['name', 'authorization_flow', 'client_type', 'redirect_uris'],
    folds: [
      {
        title: 'Client ID and Client Secret',
        summary: 'Generated for you',
        fields: ['client_id', 'client_secret'],
      },
      {
        title: 'Advanced protocol settings',
        summary: 'Scopes, subject, validity: as most applications need them',
        fields: [
          'property_mappings',
          'sub_mode',
          'include_claims_in_id_token',
          'access_code_validity',
          'access_token_validity',
          'refresh_token_validity',
          'refresh_token_grace',
          'signing_key',
          'encryption_key',
          'issuer_mode',
          'pkce_required',
          'post_logout_redirect_uris',
        ],
      },
      providerFlows,
      {
        title: 'Machine-to-Machine authentication settings',
        summary: 'No foreign tokens accepted',
        fields: ['jwt_federation_sources', 'jwt_federation_providers'],
      },
    ],
    labels: {
      client_type: 'Client type',
      redirect_uris: 'Redirect URIs/Origins (RegEx)',
      property_mappings: 'Scopes',
      sub_mode: 'Subject mode',
      access_code_validity: 'Access code validity',
      access_token_validity: 'Access Token validity',
      refresh_token_validity: 'Refresh Token validity',
      issuer_mode: 'Issuer mode',
      jwt_federation_sources: 'Federated OIDC Sources',
      jwt_federation_providers: 'Federated OIDC Providers',
    },
    help: {
      authorization_flow: 'With explicit consent people confirm once what the application learns about them.',
      client_type: 'Confidential: the application runs on a server and can keep a secret. Public: it runs on the person’s device.',
      redirect_uris: 'Where people return to after signing in. Strict compares the whole address.',
      client_id: 'Leave empty to have one generated.',
      client_secret: 'Leave empty to have one generated.',
      property_mappings: 'What the application may ask for.',
      sub_mode: 'How the application recognises a person.',
      signing_key: 'Signs the tokens. Without one the client secret does.',
      include_claims_in_id_token: 'Name, e-mail and groups travel in the ID token; needed by applications that never call userinfo.',
    },
    choose: { property_mappings: scopes, signing_key: signingKey },
    choices: {
      sub_mode: {
        hashed_user_id: "Based on the User's hashed ID",
        user_id: "Based on the User's ID",
        user_uuid: "Based on the User's UUID",
        user_username: "Based on the User's username",
        user_email: "Based on the User's Email",
        user_upn: "Based on the User's UPN",
      },
      issuer_mode: {
        per_provider: 'Each provider has a different issuer, based on the application slug',
        global: 'Same identifier is used for all providers',
      },
    },
    when: { client_secret: { field: 'client_type', value: 'confidential' } },
    aside: {
      title: 'What happens next',
      text: 'You get a client ID and a secret, and lines to paste into the application’s settings.',
    },
  },
  'providers/proxy': {
    main: ['name', 'authorization_flow', 'mode', 'external_host', 'internal_host', 'internal_host_ssl_validation', 'cookie_domain'],
    folds: [
      {
        title: 'Advanced protocol settings',
        summary: 'Scopes and addresses that need no sign-in',
        fields: ['access_token_validity', 'refresh_token_validity', 'certificate', 'property_mappings', 'skip_path_regex'],
      },
      {
        title: 'Authentication settings',
        summary: 'Headers of the upstream',
        fields: [
          'intercept_header_auth',
          'basic_auth_enabled',
          'basic_auth_user_attribute',
          'basic_auth_password_attribute',
          'jwt_federation_sources',
          'jwt_federation_providers',
        ],
      },
      providerFlows,
    ],
    labels: {
      external_host: 'External host',
      property_mappings: 'Additional scopes',
      skip_path_regex: 'Unauthenticated Paths',
      access_token_validity: 'Token validity',
    },
    choose: { property_mappings: { path: 'propertymappings/provider/scope' } },
    when: {
      internal_host: { field: 'mode', value: 'proxy' },
      internal_host_ssl_validation: { field: 'mode', value: 'proxy' },
      cookie_domain: { field: 'mode', value: 'forward_domain' },
    },
  },
  'core/applications': {
    main: ['name', 'slug', 'provider'],
    folds: [
      {
        title: 'UI settings',
        summary: 'Address, icon and words in the library',
        fields: ['meta_launch_url', 'open_in_new_tab', 'meta_icon', 'group', 'meta_publisher', 'meta_description'],
      },
      {
        title: 'Access settings',
        summary: 'Any policy that passes opens it',
        fields: ['policy_engine_mode', 'backchannel_providers'],
      },
    ],
    labels: {
      meta_launch_url: 'Launch URL',
      open_in_new_tab: 'Open in new tab',
      meta_publisher: 'Publisher',
      meta_description: 'Description',
      backchannel_providers: 'Backchannel Providers',
      policy_engine_mode: 'Policy engine mode',
      group: 'Group',
      provider: 'Provider',
    },
    help: {
      slug: 'Part of the application’s addresses at this server. Changing it later breaks the application’s settings.',
      provider: 'How the application signs people in.',
      meta_launch_url: 'What opens from the library. Empty: taken from the provider.',
      meta_icon: 'Address of a picture, as https://example.org/icon.svg.',
      group: 'Heading under which the application appears in the library.',
    },
    choose: {
      provider: { path: 'providers/all', query: { application__isnull: true } },
      backchannel_providers: { path: 'providers/all', query: { backchannel: true } },
    },
    aside: {
      title: 'Who may open it',
      text: 'Everybody who can sign in, until you bind a policy, a group or a person to the application.',
    },
  },
  'core/groups': {
    main: ['name'],
    folds: [{ title: 'More', summary: 'Superusers, parent, roles, attributes', fields: ['is_superuser', 'parent', 'roles', 'attributes'] }],
    labels: { is_superuser: 'Is superuser', parent: 'Parent', roles: 'Roles', attributes: 'Attributes' },
    help: {
      is_superuser: 'Members may do everything on this server.',
      parent: 'Members of this group also count as members of the parent.',
      attributes: 'Free values that members inherit.',
    },
    hide: ['users'],
  },
  'core/users': {
    main: ['username', 'name', 'type', 'email', 'is_active', 'path'],
    folds: [{ title: 'More', summary: 'Groups and attributes', fields: ['groups', 'attributes'] }],
    labels: { username: 'Username', name: 'Name', type: 'User type', email: 'Email', is_active: 'Is active', path: 'Path' },
    help: {
      username: 'What the person signs in with.',
      path: 'Folder the account is kept in.',
      is_active: 'Inactive accounts cannot sign in.',
    },
    hide: ['last_login', 'password_change_date', 'uuid', 'uid', 'date_joined'],
    start: { is_active: true, type: 'internal', path: 'users' },
    choices: { type: { service_account: 'Service account' } },
    offered: { type: ['internal', 'external', 'service_account'] },
    aside: { title: 'What happens next', text: 'You set a password, or send the person a link to do so.' },
  },
  'core/tokens': {
    main: ['identifier', 'user', 'intent', 'description', 'expiring', 'expires'],
    labels: {
      expires: 'Expires on',
      expiring: 'Expiring',
      intent: 'Intent',
      user: 'User',
      identifier: 'Identifier',
      description: 'Description',
    },
    when: { expires: { field: 'expiring', value: true } },
    hide: ['managed'],
    start: { expiring: true, intent: 'api' },
    choices: { intent: { api: 'API Token', app_password: 'App password' } },
    offered: { intent: ['api', 'app_password'] },
    choose: { user: { path: 'core/users' } },
    aside: { title: 'What happens next', text: 'The key is made by the server. You copy it from the list; asking for it is logged.' },
  },
  'core/brands': {
    main: ['domain', 'default', 'branding_title'],
    folds: [
      {
        title: 'Branding settings',
        summary: 'Logo, background, own style',
        fields: ['branding_logo', 'branding_favicon', 'branding_default_flow_background', 'branding_custom_css'],
      },
      { title: 'External user settings', summary: 'Where external people land', fields: ['default_application'] },
      {
        title: 'Default flows',
        summary: 'Which flow does what',
        fields: [
          'flow_authentication',
          'flow_invalidation',
          'flow_recovery',
          'flow_unenrollment',
          'flow_user_settings',
          'flow_device_code',
        ],
      },
      { title: 'Other global settings', summary: 'Certificate and attributes', fields: ['web_certificate', 'attributes'] },
    ],
    labels: {
      domain: 'Domain',
      default: 'Default',
      branding_title: 'Title',
      branding_logo: 'Logo',
      branding_favicon: 'Favicon',
      branding_default_flow_background: 'Default flow background',
      branding_custom_css: 'Custom CSS',
      default_application: 'Default application',
      flow_authentication: 'Authentication flow',
      flow_invalidation: 'Invalidation flow',
      flow_recovery: 'Recovery flow',
      flow_unenrollment: 'Unenrollment flow',
      flow_user_settings: 'User settings flow',
      flow_device_code: 'Device code flow',
      web_certificate: 'Web Certificate',
      attributes: 'Attributes',
    },
    help: { domain: 'The brand is used for this host name and everything below it.' },
  },
  'flows/instances': {
    main: ['name', 'title', 'slug', 'designation', 'authentication'],
    folds: [
      {
        title: 'Behavior settings',
        summary: 'What happens on a refusal',
        fields: ['compatibility_mode', 'denied_action', 'policy_engine_mode'],
      },
      { title: 'Appearance settings', summary: 'Layout of its pages', fields: ['layout'] },
    ],
    labels: {
      title: 'Title',
      designation: 'Designation',
      authentication: 'Authentication',
      compatibility_mode: 'Compatibility mode',
      denied_action: 'Denied action',
      policy_engine_mode: 'Policy engine mode',
      layout: 'Layout',
    },
    help: { title: 'Shown above the steps.', slug: 'Part of the address of the flow.', designation: 'What the flow is for.' },
  },
  'flows/bindings': {
    main: ['target', 'stage', 'order', 'evaluate_on_plan', 're_evaluate_policies', 'invalid_response_action', 'policy_engine_mode'],
    labels: {
      target: 'Target',
      stage: 'Stage',
      order: 'Order',
      evaluate_on_plan: 'Evaluate when flow is planned',
      re_evaluate_policies: 'Evaluate when stage is run',
      invalid_response_action: 'Invalid response behavior',
      policy_engine_mode: 'Policy engine mode',
    },
    choose: { stage: { path: 'stages/all' } },
    start: { re_evaluate_policies: true },
  },
  'policies/bindings': {
    main: ['policy', 'group', 'user', 'order', 'enabled', 'negate', 'timeout', 'failure_result'],
    labels: { failure_result: 'Failure result', negate: 'Negate result', enabled: 'Enabled', timeout: 'Timeout', order: 'Order' },
    help: {
      negate: 'Turns the answer round: who matches is refused.',
      failure_result: 'Counts as passed when the policy itself fails.',
      timeout: 'Seconds the policy may take.',
    },
    hide: ['target'],
    start: { enabled: true, order: 0, timeout: 30 },
  },
  'crypto/certificatekeypairs': {
    main: ['name', 'certificate_data', 'key_data'],
    labels: { certificate_data: 'Certificate', key_data: 'Private Key' },
    help: { certificate_data: 'In PEM form.', key_data: 'In PEM form. Needed for signing; kept sealed.' },
    hide: ['managed'],
  },
  'propertymappings/provider/scope': {
    main: ['name', 'scope_name', 'description', 'expression'],
    labels: { scope_name: 'Scope name', description: 'Description', expression: 'Expression' },
    help: {
      scope_name: 'What the application asks for.',
      description: 'What people read when they are asked for consent.',
    },
    hide: ['managed'],
  },
  'stages/identification': {
    start: { user_fields: ['username', 'email'] },
    main: [
      'name',
      'user_fields',
      'password_stage',
      'case_insensitive_matching',
      'pretend_user_exists',
      'show_matched_user',
      'enable_remember_me',
    ],
    folds: [
      { title: 'Source settings', summary: 'Other ways to sign in', fields: ['sources', 'show_source_labels'] },
      { title: 'Flow settings', summary: 'Links below the fields', fields: ['passwordless_flow', 'enrollment_flow', 'recovery_flow'] },
    ],
    labels: { show_source_labels: 'Show sources\u2019 labels' },
    choose: { password_stage: { path: 'stages/password' } },
  },
  'stages/prompt/stages': {
    main: ['name', 'fields', 'validation_policies'],
    labels: { fields: 'Fields', validation_policies: 'Validation Policies' },
  },
};

export function choose(path: string, field: string): Choose {
  return { ...COMMON[field], ...PRESETS[path]?.choose?.[field] };
}
