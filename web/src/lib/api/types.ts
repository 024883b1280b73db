// Shapes of the answers this application reads; fields it does not use are left out.

export interface Page<T> {
  pagination: {
    next: number;
    previous: number;
    count: number;
    current: number;
    total_pages: number;
    start_index: number;
    end_index: number;
  };
  results: T[];
}

export type Row = Record<string, any>;

export interface Me {
  pk: number;
  username: string;
  name: string;
  email: string;
  is_superuser: boolean;
  avatar: string;
  uid: string;
  type: string;
  groups: { name: string; pk: string }[];
  settings: Row;
  system_permissions: string[];
}

export interface Brand {
  matched_domain: string;
  branding_title: string;
  branding_logo: string;
  branding_favicon: string;
  branding_custom_css: string;
  ui_footer_links: { name: string; href: string | null }[];
  flow_user_settings?: string;
  flow_recovery?: string;
}

export interface User {
  pk: number;
  username: string;
  name: string;
  is_active: boolean;
  is_superuser: boolean;
  last_login: string | null;
  date_joined: string;
  email: string;
  uid: string;
  uuid: string;
  path: string;
  type: string;
  groups: string[];
  groups_obj: { pk: string; name: string; is_superuser: boolean }[] | null;
  attributes: Row;
  password_change_date?: string;
  has_usable_password?: boolean;
}

export interface Group {
  pk: string;
  name: string;
  is_superuser: boolean;
  parent: string | null;
  parent_name: string | null;
  users: number[];
  users_obj: User[] | null;
  attributes: Row;
  roles: string[];
  roles_obj: { pk: string; name: string }[];
}

export interface Typed {
  component: string;
  verbose_name: string;
  verbose_name_plural: string;
  meta_model_name: string;
}

export interface Provider extends Typed {
  pk: number;
  name: string;
  assigned_application_slug?: string;
  assigned_application_name?: string;
  assigned_backchannel_application_slug?: string;
  assigned_backchannel_application_name?: string;
}

export interface OAuth2Provider extends Provider {
  client_type: string;
  client_id: string;
  redirect_uris: { matching_mode: string; url: string }[];
  access_token_validity: string;
  refresh_token_validity: string;
  access_code_validity: string;
  sub_mode: string;
  issuer_mode: string;
  include_claims_in_id_token: boolean;
  property_mappings: string[];
  signing_key: string | null;
}

export interface SetupUrls {
  issuer: string;
  authorize: string;
  token: string;
  user_info: string;
  provider_info: string;
  logout: string;
  jwks: string;
}

export interface Application {
  pk: string;
  name: string;
  slug: string;
  provider: number | null;
  provider_obj: Provider | null;
  backchannel_providers: number[];
  backchannel_providers_obj: Provider[];
  launch_url: string | null;
  open_in_new_tab: boolean;
  meta_launch_url: string;
  meta_icon: string | null;
  meta_description: string;
  meta_publisher: string;
  policy_engine_mode: 'any' | 'all';
  group: string;
}

export interface Flow {
  pk: string;
  policybindingmodel_ptr_id?: string;
  name: string;
  slug: string;
  title: string;
  designation: string;
  stages: string[];
  policies: string[];
  policy_engine_mode: 'any' | 'all';
  authentication: string;
  denied_action: string;
  export_url: string;
}

export interface Stage extends Typed {
  pk: string;
  name: string;
  flow_set?: { name: string; slug: string; title: string }[];
}

export interface StageBinding {
  pk: string;
  policybindingmodel_ptr_id?: string;
  target: string;
  stage: string;
  stage_obj: Stage;
  order: number;
  evaluate_on_plan: boolean;
  re_evaluate_policies: boolean;
  policy_engine_mode: 'any' | 'all';
  invalid_response_action: string;
}

export interface PolicyBinding {
  pk: string;
  policy: string | null;
  group: string | null;
  user: number | null;
  policy_obj: (Typed & { pk: string; name: string }) | null;
  group_obj: { pk: string; name: string } | null;
  user_obj: { pk: number; username: string; name: string } | null;
  target: string;
  negate: boolean;
  enabled: boolean;
  order: number;
  timeout: number;
  failure_result: boolean;
  /** Fields whose object was deleted: until another is chosen, nobody passes. */
  vanished?: string[];
}

export interface Session {
  uuid: string;
  current: boolean;
  user: number;
  last_ip: string;
  last_used: string;
  expires: string;
  user_agent: { string?: string; user_agent?: { family?: string }; os?: { family?: string } };
}

export interface Person {
  pk: number;
  username: string;
  email?: string;
}

/** Who did something. */
export interface Actor extends Partial<Person> {
  type: 'user' | 'anonymous' | 'console' | 'blueprint' | 'system';
  username: string;
  /** As whom, while impersonating. */
  on_behalf_of?: Person;
  /** By what, where it was not done by hand: `flow import`, `blueprint NAME`. */
  through?: string;
}

export interface Event {
  pk: string;
  action: string;
  app: string;
  /** As the original has it: of some events who did it, of others whom it concerns. */
  user: Row;
  /** Who did it; null in events from before it was recorded. */
  actor?: Actor | null;
  /** The account it concerns. */
  subject?: Person | null;
  context: Row;
  client_ip: string | null;
  created: string;
  brand: Row;
}

export interface TypeCreate {
  name: string;
  description: string;
  component: string;
  model_name: string;
  requires_enterprise?: boolean;
}

export interface UsedBy {
  app: string;
  model_name: string;
  pk: string;
  name: string;
  action: 'cascade' | 'cascade_many' | 'set_null' | 'set_default' | string;
}

/** A second factor, as lists over all classes answer it. */
export interface Device {
  pk: string;
  name: string;
  verbose_name: string;
  meta_model_name: string;
  confirmed: boolean;
  created: string;
  last_used: string | null;
}
