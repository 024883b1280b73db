// What somebody writes who has made types from our document: checked by the compiler, then run against a server.
import createClient from "openapi-fetch";

import type { components, paths } from "./api.d.ts";

declare const process: { argv: string[] };
const [base, token] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: `${base}/api/v3`, headers: { Authorization: `Bearer ${token}` } });

function had<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const made: components["schemas"]["Group"] = had(await api.POST("/core/groups/", { body: { name: "made", is_superuser: false } }));
const one = { params: { path: { group_uuid: made.pk } } };
const found = had(await api.GET("/core/groups/", { params: { query: { search: "made" } } }));
const changed = had(await api.PATCH("/core/groups/{group_uuid}/", { ...one, body: { name: "other" } }));
const deleted = await api.DELETE("/core/groups/{group_uuid}/", one);
const gone = await api.GET("/core/groups/{group_uuid}/", one);
const me = had(await api.GET("/core/users/me/"));
console.log(
  JSON.stringify({
    found: found.results.map((group) => group.name),
    changed: changed.name,
    deleted: deleted.response.status,
    gone: gone.response.status,
    told: gone.error,
    me: me.user.username,
  }),
);
