// The page at /api/v3/: reads the document of this server and sends requests to it.

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const at = (id) => document.getElementById(id);

/** An element with attributes and children; texts are texts, never markup. */
function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

let token = '';
let schemas = {};

/** The schema behind a reference. */
function resolve(schema) {
  const name = schema?.$ref?.split('/').pop();
  return name ? (schemas[name] ?? {}) : (schema ?? {});
}

/** What a body of that schema may look like: what is needed first, then what may be left out. */
function example(schema, depth = 0) {
  const known = resolve(schema?.allOf?.[0] ?? schema);
  if (known.default !== undefined) return known.default;
  if (known.enum) return known.enum[0];
  if (known.oneOf) return example(known.oneOf[0], depth + 1);
  if (known.type === 'object' || known.properties) {
    const fields = Object.entries(known.properties ?? {}).filter(([name, field]) => !resolve(field).readOnly && (depth > 0 || known.required?.includes(name)));
    return depth > 3 ? {} : Object.fromEntries(fields.map(([name, field]) => [name, example(field, depth + 1)]));
  }
  if (known.type === 'array') return [];
  if (known.type === 'integer' || known.type === 'number') return known.minimum ?? 0;
  return known.type === 'boolean' ? false : '';
}

function cookie(name) {
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : '';
}

function field(parameter) {
  const id = `p-${parameter.in}-${parameter.name}`;
  const kind = parameter.schema?.enum?.join(', ') ?? parameter.schema?.format ?? parameter.schema?.type ?? '';
  return [make('label', { for: id }, parameter.name, parameter.required ? ' (needed)' : ''), make('input', { id, 'data-in': parameter.in, 'data-name': parameter.name, placeholder: kind, autocomplete: 'off', spellcheck: 'false' })];
}

function show(method, path, operation) {
  const parameters = operation.parameters ?? [];
  const body = operation.requestBody?.content?.['application/json']?.schema;
  const multipart = operation.requestBody?.content?.['multipart/form-data'];
  const answer = make('div');
  const text = make('textarea', { id: 'body', spellcheck: 'false' });
  if (body) text.value = JSON.stringify(example(body), null, 2);
  const key = make('input', { id: 'token', type: 'password', autocomplete: 'off', placeholder: 'Without one, your session is used' });
  key.value = token;
  key.addEventListener('input', () => (token = key.value.trim()));
  const button = make('button', { class: 'main', type: 'submit' }, 'Send');
  const form = make(
    'form',
    { onsubmit: (event) => (event.preventDefault(), void send(method, path, form, body ? text : null, button, answer)) },
    ...parameters.filter((one) => one.in === 'path').flatMap(field),
    ...parameters.filter((one) => one.in === 'query').flatMap(field),
    ...(body ? [make('label', { for: 'body' }, 'Body'), text] : []),
    ...(multipart ? [make('p', { class: 'help' }, 'It takes a file, which this page does not send.')] : []),
    make('label', { for: 'token' }, 'API token'),
    key,
    make('div', { class: 'row' }, button, method === 'get' ? '' : make('span', { class: 'help' }, 'This changes what is stored here.')),
  );
  const access = operation['x-countersign-access'];
  at('one').replaceChildren(
    make('h2', {}, make('span', { class: `method ${method.toUpperCase()}` }, `${method.toUpperCase()} `), make('span', { class: 'path' }, path)),
    ...(operation.description ? [make('p', {}, operation.description)] : []),
    ...(access ? [make('p', { class: 'soft' }, `Who may call it: ${access}`)] : []),
    make('p', { class: 'soft' }, `Operation ${operation.operationId}`),
    form,
    answer,
  );
  for (const one of document.querySelectorAll('.op')) one.setAttribute('aria-current', String(one.dataset.id === operation.operationId));
  if (matchMedia('(max-width:760px)').matches) at('one').scrollIntoView();
}

async function send(method, path, form, text, button, answer) {
  const query = new URLSearchParams();
  let address = path.replace(/^\//, '');
  for (const input of form.querySelectorAll('input[data-in]')) {
    if (input.dataset.in === 'path') address = address.replace(`{${input.dataset.name}}`, encodeURIComponent(input.value));
    else if (input.value !== '') query.append(input.dataset.name, input.value);
  }
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  else if (method !== 'get') headers['X-authentik-CSRF'] = cookie('authentik_csrf');
  const init = { method: method.toUpperCase(), headers, credentials: token ? 'omit' : 'same-origin' };
  if (text) {
    headers['Content-Type'] = 'application/json';
    init.body = text.value;
  }
  button.disabled = true;
  const begun = performance.now();
  try {
    const response = await fetch(query.size ? `${address}?${query}` : address, init);
    const taken = Math.round(performance.now() - begun);
    const raw = await response.text();
    let shown = raw;
    try {
      shown = JSON.stringify(JSON.parse(raw), null, 2);
    } catch {
      // It is no JSON: shown as it came.
    }
    const named = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    answer.replaceChildren(
      make('h3', {}, 'Answer'),
      make('p', {}, make('span', { class: response.ok ? 'good' : 'wrong' }, `${response.status} ${response.statusText}`), ` in ${taken} ms`),
      make('pre', {}, shown || 'No content'),
      make('details', {}, make('summary', {}, 'Headers'), make('pre', {}, named)),
    );
  } catch {
    answer.replaceChildren(make('p', { class: 'wrong' }, 'The server could not be reached.'));
  } finally {
    button.disabled = false;
  }
}

function list(operations, wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ method, path, operation }) => {
    const text = `${method} ${path} ${operation.operationId} ${operation.description ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = operations.filter(fits);
  const groups = Map.groupBy ? Map.groupBy(found, (one) => one.operation.tags?.[0] ?? '') : found.reduce((all, one) => all.set(one.operation.tags?.[0] ?? '', [...(all.get(one.operation.tags?.[0] ?? '') ?? []), one]), new Map());
  at('count').textContent = `${found.length} of ${operations.length} operations`;
  at('operations').replaceChildren(
    ...[...groups].sort(([a], [b]) => a.localeCompare(b)).map(([tag, ones]) =>
      make(
        'details',
        { open: words.length > 0 && found.length <= 60 },
        make('summary', {}, tag, ' ', make('span', {}, String(ones.length))),
        ...ones.map(({ method, path, operation }) =>
          make('button', { class: 'op', type: 'button', 'data-id': operation.operationId, onclick: () => show(method, path, operation) }, make('span', { class: `method ${method.toUpperCase()}` }, method.toUpperCase()), make('span', { class: 'path' }, path)),
        ),
      ),
    ),
  );
}

async function begin() {
  const response = await fetch('schema/?format=json', { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(String(response.status));
  const known = await response.json();
  schemas = known.components?.schemas ?? {};
  at('about').textContent = `${known.info.title} ${known.info.version}. ${known.info.description}`;
  const operations = Object.entries(known.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({ method, path, operation: item[method] })));
  const filter = at('filter');
  filter.addEventListener('input', () => list(operations, filter.value));
  list(operations, '');
}

begin().catch(() => {
  at('about').textContent = 'The document could not be read. Load the page again in a moment.';
});
