// Whether what a reference can name may be viewed; what may not is not asked for.
import { AREAS } from '../../pages/areas';
import { kinds } from '../api/kinds';
import { session } from '../session.svelte';

export async function shown(path: string): Promise<boolean> {
  const model = AREAS.find((area) => area.family === path)?.model ?? (await kinds()).find((kind) => kind.path === path)?.model;
  return model === undefined || session.may(model, 'view');
}
