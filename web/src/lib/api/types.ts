// Shapes of the answers this application reads: those the API's document describes, and what it leaves open.
export type {
  Application,
  AuthenticatedSession as Session,
  CurrentBrand as Brand,
  ExpressionName,
  ExpressionTest,
  Flow,
  FlowPreview,
  FlowStep,
  FlowStageBinding as StageBinding,
  Group,
  LDAPTest,
  LDAPTestAnswer,
  PolicyBinding,
  Outpost,
  OutpostSheet,
  Provider,
  ExchangeFailure,
  ProviderSheet,
  ProviderVariable,
  ProxyTest,
  RadiusTest,
  Stage,
  TypeCreate,
  UsedBy,
  User,
  UserSelf as Me,
} from './schema';

import type { Event as Documented, Pagination } from './schema';

export interface Page<T> {
  pagination: Pagination;
  results: T[];
}

export type Row = Record<string, any>;

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

export interface Event extends Omit<Documented, 'action' | 'actor' | 'subject'> {
  /** One of the document's, or another that begins with `custom_`. */
  action: string;
  /** Who did it; null in events from before it was recorded. */
  actor?: Actor | null;
  /** The account it concerns. */
  subject?: Person | null;
}

/** A second factor, as lists over all classes answer it. */
export interface Device {
  pk: string;
  name: string;
  verbose_name: string;
  extra_description?: string;
  meta_model_name: string;
  confirmed: boolean;
  created: string;
  last_used: string | null;
}
