// Made of the API's document by `cargo xtask gen`. Change the declarations, not this file.

export interface Application {
  pk: string;
  name: string;
  slug: string;
  group: string;
  provider: number | null;
  backchannel_providers: number[];
  policy_engine_mode: 'all' | 'any';
  meta_launch_url: string;
  open_in_new_tab: boolean;
  meta_publisher: string;
  meta_description: string;
  meta_icon: string | null;
  provider_obj: Provider;
  backchannel_providers_obj: Provider[];
  launch_url: string | null;
}

export interface AuthenticatedSession {
  uuid: string;
  user: number;
  expires: string | null;
  last_used: string;
  last_ip: string;
  last_user_agent: string;
  current: boolean;
  user_agent: Record<string, any>;
  geo_ip: Record<string, any> | null;
  asn: Record<string, any> | null;
}

export interface CurrentBrand {
  matched_domain: string;
  branding_title: string;
  branding_logo: string;
  branding_favicon: string;
  branding_custom_css: string;
  ui_footer_links: FooterLink[];
  ui_theme: UiThemeEnum;
  flow_authentication?: string;
  flow_invalidation?: string;
  flow_recovery?: string;
  flow_unenrollment?: string;
  flow_user_settings?: string;
  flow_device_code?: string;
  default_locale: string;
}

export interface Event {
  pk: string;
  action: EventActions;
  app: string;
  user: Record<string, any>;
  context: Record<string, any>;
  client_ip: string | null;
  created: string;
  expires: string;
  brand: Record<string, any>;
  actor: Record<string, any> | null;
  subject: Record<string, any> | null;
}

export type EventActions = 'login' | 'login_failed' | 'logout' | 'user_write' | 'suspicious_request' | 'password_set' | 'secret_view' | 'secret_rotate' | 'invitation_used' | 'authorize_application' | 'source_linked' | 'impersonation_started' | 'impersonation_ended' | 'flow_execution' | 'policy_execution' | 'policy_exception' | 'property_mapping_exception' | 'system_task_execution' | 'system_task_exception' | 'system_exception' | 'configuration_error' | 'model_created' | 'model_updated' | 'model_deleted' | 'email_sent' | 'update_available' | 'custom_';

export interface ExchangeFailure {
  code: string;
  reason: string;
  remedy: string;
  sent: ExchangeSaid[];
  expected: ExchangeSaid[];
  mend: ExchangeMend | null;
  count: number;
  first: string;
  last: string;
  client_ip: string;
}

export interface ExchangeMend {
  path: string;
  field: string;
  add?: any;
  set?: any;
}

export interface ExchangeSaid {
  name: string;
  value: string;
}

export interface ExpressionName {
  name: string;
  signature: string;
  text: string;
}

export interface ExpressionTest {
  pk: string;
  name: string;
  policy: string | null;
  mapping: string | null;
  user: number | null;
  context: Record<string, any>;
  expected: any;
}

export interface Flow {
  pk: string;
  name: string;
  slug: string;
  title: string;
  designation: 'authentication' | 'authorization' | 'invalidation' | 'enrollment' | 'unenrollment' | 'recovery' | 'stage_configuration';
  background: string | null;
  policy_engine_mode: 'all' | 'any';
  compatibility_mode: boolean;
  layout: 'stacked' | 'content_left' | 'content_right' | 'sidebar_left' | 'sidebar_right';
  denied_action: 'message_continue' | 'message' | 'continue';
  authentication: 'none' | 'require_authenticated' | 'require_unauthenticated' | 'require_superuser' | 'require_redirect' | 'require_outpost';
  policybindingmodel_ptr_id: string;
  stages: string[];
  policies: string[];
  cache_count: number;
  export_url: string;
}

export interface FlowPreview {
  example: boolean;
  html: string | null;
}

export interface FlowSet {
  pk: string;
  policybindingmodel_ptr_id: string;
  name: string;
  slug: string;
  title: string;
  designation: string;
  background: string;
  policy_engine_mode?: string;
  compatibility_mode?: boolean;
  export_url: string;
  layout?: string;
  denied_action?: string;
}

export interface FlowStageBinding {
  pk: string;
  target: string;
  stage: string;
  evaluate_on_plan: boolean;
  re_evaluate_policies: boolean;
  order: number;
  policy_engine_mode: 'all' | 'any';
  invalid_response_action: 'retry' | 'restart' | 'restart_with_context';
  policybindingmodel_ptr_id: string;
  stage_obj: Stage;
}

export interface FlowStep {
  stage: string;
  text: string;
  notes: string[];
}

export interface FooterLink {
  href: string | null;
  name: string;
}

export interface Form {
  model: string;
  path: string;
  title: string;
  plural: string;
  component: string;
  space: string;
  key: string;
  pk: string;
  lookup: string;
  label: string | null;
  description: string;
  creatable: boolean;
  section: string | null;
  ordering: string[];
  aside: FormAside | null;
  folds: FormFold[];
  columns: FormColumn[];
  fields: FormField[];
}

export interface FormAside {
  title: string;
  text: string;
}

export interface FormChoice {
  value: string;
  label: string;
  offered: boolean;
}

export interface FormChoose {
  path: string | null;
  query: Record<string, any>;
  prefer: FormPrefer | null;
  only: boolean;
}

export interface FormColumn {
  name: string;
  label: string;
  sort: boolean;
}

export interface FormCondition {
  field: string;
  value: string;
}

export interface FormField {
  name: string;
  label: string;
  help: string;
  group: string | null;
  required: boolean;
  default: any;
  start: any;
  write_only: boolean;
  read_only: boolean;
  hidden: boolean;
  nullable: boolean;
  max_length: number | null;
  min: number | null;
  max: number | null;
  placeholder: string | null;
  widget: FormWidget | null;
  action: string | null;
  choose: FormChoose | null;
  show_if: FormCondition | null;
  shape: FormShape;
}

export interface FormFold {
  title: string;
  summary: string;
  open: boolean;
}

export interface FormPrefer {
  field: string;
  values: string[];
}

export interface FormShape {
  type: FormShapeType;
  choices?: FormChoice[];
  target?: FormTarget;
  item?: FormShape;
  fields?: FormField[];
}

export type FormShapeType = 'text' | 'multiline' | 'code' | 'slug' | 'url' | 'email' | 'duration' | 'secret' | 'boolean' | 'integer' | 'float' | 'time' | 'map' | 'choice' | 'reference' | 'list' | 'object';

export interface FormTarget {
  space: string;
  path: string;
  model: string | null;
  key: string;
  pk: string;
  named: string[];
}

export type FormWidget = 'password' | 'radio' | 'permissions' | 'expression';

export interface Group {
  pk: string;
  name: string;
  is_superuser: boolean;
  parent: string | null;
  users: number[];
  roles: string[];
  attributes: Record<string, any>;
  num_pk: number;
  parent_name: string | null;
  users_obj: GroupMember[] | null;
  roles_obj: any[];
}

export interface GroupMember {
  pk: number;
  username: string;
  name: string;
  is_active?: boolean;
  last_login?: string | null;
  email?: string;
  attributes?: Record<string, any>;
  uid: string;
}

export interface LDAPTest {
  dn: string;
  bind: LDAPTestAnswer;
  search: LDAPTestAnswer | null;
  entries: LDAPTestEntry[];
  run: string | null;
}

export interface LDAPTestAnswer {
  code: number;
  result: string;
  message: string;
}

export interface LDAPTestAttribute {
  name: string;
  values: string[];
}

export interface LDAPTestEntry {
  dn: string;
  attributes: LDAPTestAttribute[];
}

export interface Outpost {
  pk: string;
  name: string;
  type: 'proxy' | 'ldap' | 'radius' | 'rac';
  providers: number[];
  service_connection: string | null;
  config: Record<string, any>;
  managed: string | null;
  providers_obj: Provider[];
  service_connection_obj: ServiceConnection | null;
  refresh_interval_s: number;
  token_identifier: string;
}

export interface OutpostDeployment {
  label: string;
  file: string;
  text: string;
}

export interface OutpostInstance {
  uid: string;
  last_seen: string;
  version: string;
  version_should: string;
  version_outdated: boolean;
  hostname: string;
  is_live: boolean;
}

export interface OutpostSheet {
  embedded: boolean;
  host: string;
  version: string;
  token_identifier: string;
  token_mark: string;
  instances: OutpostInstance[];
  deployments: OutpostDeployment[];
}

export interface Pagination {
  next: number;
  previous: number;
  count: number;
  current: number;
  total_pages: number;
  start_index: number;
  end_index: number;
}

export interface Policy {
  pk: string;
  name: string;
  execution_logging?: boolean;
  component: string;
  verbose_name: string;
  verbose_name_plural: string;
  meta_model_name: string;
  bound_to: number;
}

export interface PolicyBinding {
  pk: string;
  policy: string | null;
  group: string | null;
  user: number | null;
  target: string;
  negate: boolean;
  enabled: boolean;
  order: number;
  timeout: number;
  failure_result: boolean;
  vanished: string[];
  policy_obj: Policy;
  group_obj: Group;
  user_obj: User;
}

export interface Provider {
  pk: number;
  name: string;
  authentication_flow?: string | null;
  authorization_flow: string;
  invalidation_flow: string;
  property_mappings?: string[];
  component: string;
  verbose_name: string;
  verbose_name_plural: string;
  meta_model_name: string;
  assigned_application_slug: string;
  assigned_application_name: string;
  assigned_backchannel_application_slug: string;
  assigned_backchannel_application_name: string;
}

export interface ProviderFact {
  label: string;
  lines: ProviderFactLine[];
}

export interface ProviderFactLine {
  text: string;
  mono: boolean;
  note: string | null;
  certificate: string | null;
}

export interface ProviderLine {
  label: string;
  value?: string;
  secret?: string;
}

export interface ProviderSheet {
  connect: ProviderLine[];
  environment: ProviderVariable[];
  snippets: ProviderSnippet[];
  addresses: ProviderLine[];
  facts: ProviderFact[];
  preview: string | null;
}

export interface ProviderSnippet {
  label: string;
  text: string;
}

export interface ProviderVariable {
  name: string;
  value?: string;
  secret?: string;
  beside: string | null;
}

export interface ProxyTest {
  address: string;
  grade: string;
  checks: ProxyTestCheck[];
}

export interface ProxyTestCheck {
  grade: string;
  code: string;
  path: string;
  text: string;
  remedy: string;
  status: number | null;
}

export interface RadiusTest {
  code: number | null;
  result: string;
  reason: string;
  attributes: RadiusTestAttribute[];
  run: string | null;
}

export interface RadiusTestAttribute {
  type: number;
  hex: string;
  text: string | null;
}

export interface ServiceConnection {
  pk: string;
  name: string;
  local?: boolean;
  component: string;
  verbose_name: string;
  verbose_name_plural: string;
  meta_model_name: string;
}

export interface Stage {
  pk: string;
  name: string;
  component: string;
  verbose_name: string;
  verbose_name_plural: string;
  meta_model_name: string;
  flow_set?: FlowSet[];
}

export interface TypeCreate {
  name: string;
  description: string;
  component: string;
  model_name: string;
}

export type UiThemeEnum = 'automatic' | 'light' | 'dark';

export interface UsedBy {
  app: string;
  model_name: string;
  pk: string;
  name: string;
  action: UsedByActionEnum;
}

export type UsedByActionEnum = 'cascade' | 'cascade_many' | 'set_null' | 'set_default';

export interface User {
  pk: number;
  username: string;
  name: string;
  email: string;
  is_active: boolean;
  last_login: string | null;
  path: string;
  type: 'internal' | 'external' | 'service_account' | 'internal_service_account';
  groups: string[];
  attributes: Record<string, any>;
  date_joined: string;
  is_superuser: boolean;
  groups_obj: UserGroup[] | null;
  avatar: string;
  uid: string;
  uuid: string;
  password_change_date: string;
  has_usable_password: boolean;
}

export interface UserGroup {
  pk: string;
  num_pk: number;
  name: string;
  is_superuser?: boolean;
  parent?: string | null;
  parent_name: string | null;
  attributes?: Record<string, any>;
}

export interface UserSelf {
  pk: number;
  username: string;
  name: string;
  is_active: boolean;
  is_superuser: boolean;
  groups: UserSelfGroups[];
  email: string;
  avatar: string;
  uid: string;
  settings: Record<string, any>;
  type: UserTypeEnum;
  system_permissions: string[];
}

export interface UserSelfGroups {
  name: string;
  pk: string;
}

export type UserTypeEnum = 'internal' | 'external' | 'service_account' | 'internal_service_account';
