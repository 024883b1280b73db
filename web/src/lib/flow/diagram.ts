// A flow as a drawing: boxes from top to bottom, conditions before what they decide about, ways around at the right.
import type { Flow, PolicyBinding } from '../api/types';
import { AUTHENTICATION, asked, conditions, plain, type Step } from './words';

export interface Box {
  kind: 'start' | 'question' | 'stage' | 'end' | 'refused';
  x: number;
  y: number;
  width: number;
  height: number;
  lines: string[];
  /** Smaller, below the lines. */
  small: string[];
  path?: string;
}

export interface Arrow {
  points: [number, number][];
  label?: { text: string; x: number; y: number };
  around: boolean;
}

export interface Drawing {
  width: number;
  height: number;
  boxes: Box[];
  arrows: Arrow[];
  /** The same in sentences. */
  told: string[];
}

const WIDTH = 280;
const GAP = 38;
const EDGE = 12;
const LINE = 19;
const SMALL = 17;
/** How many letters fit in a line of a box. */
const LETTERS = { lines: 33, small: 38 };
/** Where ways around go, and what stands there. */
const LANE = EDGE + WIDTH + 44;
const ASIDE = 92;

/** Words in lines that fit; a word that does not is cut, where it has strokes behind one. */
export function wrapped(text: string, letters: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    for (let rest = word; rest;) {
      const free = letters - (line ? line.length + 1 : 0);
      if (rest.length <= free) {
        line = line ? `${line} ${rest}` : rest;
        break;
      }
      if (line) {
        lines.push(line);
        line = '';
      } else {
        // Names of objects are words with strokes in them.
        const stroke = rest.slice(0, letters).search(/[-_.][^-_.]*$/) + 1;
        const cut = stroke > letters / 3 ? stroke : letters;
        lines.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
    }
  }
  return line ? [...lines, line] : lines;
}

export function draw(flow: Flow, steps: readonly Step[], guards: readonly PolicyBinding[]): Drawing {
  const [boxes, arrows, told]: [Box[], Arrow[], string[]] = [[], [], []];
  let bottom = EDGE;
  /** Whatever goes around waits for the next box of the column that is not passed by. */
  let around: { from: Box; label: string }[] = [];

  function box(kind: Box['kind'], text: string, small = '', path?: string): Box {
    const [lines, below] = [wrapped(text, LETTERS.lines), wrapped(small, LETTERS.small)];
    const height = 20 + lines.length * LINE + below.length * SMALL;
    const made: Box = { kind, x: EDGE, y: bottom, width: WIDTH, height, lines, small: below, path };
    boxes.push(made);
    bottom += height + GAP;
    return made;
  }

  const middle = EDGE + WIDTH / 2;
  const below = (of: Box): number => of.y + of.height;
  const side = (of: Box): number => of.y + of.height / 2;

  /** The next of the column, after the one above it. */
  function next(above: Box | undefined, made: Box, label?: string): Box {
    if (above) {
      const from = below(above);
      arrows.push({
        points: [
          [middle, from],
          [middle, made.y],
        ],
        label: label ? { text: label, x: middle + 8, y: from + 24 } : undefined,
        around: false,
      });
    }
    return made;
  }

  /** Ways around end at the first box that they do not pass by. */
  function arrive(at: Box): void {
    for (const { from, label } of around) {
      arrows.push({
        points: [
          [EDGE + WIDTH, side(from)],
          [LANE, side(from)],
          [LANE, at.y + 12],
          [EDGE + WIDTH, at.y + 12],
        ],
        label: { text: label, x: EDGE + WIDTH + 8, y: side(from) - 7 },
        around: true,
      });
    }
    around = [];
  }

  function refused(from: Box): void {
    const made: Box = { kind: 'refused', x: LANE, y: side(from) - 19, width: ASIDE, height: 38, lines: ['Refused'], small: [] };
    boxes.push(made);
    arrows.push({
      points: [
        [EDGE + WIDTH, side(from)],
        [LANE, side(from)],
      ],
      label: { text: 'no', x: EDGE + WIDTH + 8, y: side(from) - 7 },
      around: true,
    });
  }

  let last = box('start', 'Somebody opens the flow', `/if/flow/${flow.slug}/`);
  told.push(`Somebody opens /if/flow/${flow.slug}/.`);
  if (flow.authentication !== 'none') {
    last = next(last, box('question', `For: ${AUTHENTICATION[flow.authentication]}`));
    refused(last);
    told.push(`The flow is for: ${AUTHENTICATION[flow.authentication]}. Others are refused.`);
  }
  if (guards.length > 0) {
    const who = plain(conditions(guards, flow.policy_engine_mode));
    last = next(last, box('question', `Only if ${who}`), last.kind === 'question' ? 'yes' : undefined);
    refused(last);
    told.push(`Only if ${who}. Others are refused.`);
  }
  steps.forEach((step, at) => {
    const name = step.binding.stage_obj.name;
    const text = step.said?.text ?? step.binding.stage_obj.verbose_name;
    const only = plain(conditions(step.policies, step.binding.policy_engine_mode));
    if (only) {
      const asks = box('question', `Only if ${only}`, asked(step.binding));
      arrive(asks);
      last = next(last, asks, last.kind === 'question' ? 'yes' : undefined);
    }
    const stage = box('stage', text, name, `/flow/stages/${step.binding.stage}/edit`);
    if (!only) arrive(stage);
    const asks = only ? last : undefined;
    last = next(last, stage, last.kind === 'question' ? 'yes' : undefined);
    if (asks) around.push({ from: asks, label: 'no' });
    told.push(`${at + 1}. ${text} (${name})${only ? `, only if ${only}; otherwise it is skipped` : ''}.`);
  });
  const end = box('end', 'The flow ends');
  arrive(end);
  next(last, end, last.kind === 'question' ? 'yes' : undefined);
  told.push('The flow ends.');
  const aside = boxes.some(({ kind }) => kind === 'refused') ? ASIDE : 0;
  return { width: LANE + aside + EDGE, height: bottom - GAP + EDGE, boxes, arrows, told };
}
