import * as z from 'zod';
import { isTimeZone } from '../platform/index.ts';
import { absolutePath, notBlank, type Form } from './forms.ts';

/* What the schemas of the configuration are put together from. */

// zod would otherwise make parsers with `new Function`, which costs more than one file is worth.
z.config({ jitless: true });

export const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** The bounds of a list and of a text: far above any real one. */
export const listMax = 1000;
const textMax = 4096;

/** The word of a form is the message of its check: `problems-of-issues.ts` reads it there. */
export const formed = (pattern: RegExp, form: Form) => z.string().max(textMax).regex(pattern, { error: form });
export const text = () => formed(notBlank, 'not-blank');
export const path = () => formed(absolutePath, 'absolute-path');
export const texts = () => z.array(text()).max(listMax);
export const paths = () => z.array(path()).max(listMax);
export const command = () =>
  z
    .array(z.string().max(textMax))
    .min(1)
    .max(listMax)
    .refine(([program = '']) => notBlank.test(program), { error: 'program' satisfies Form, path: [0] });
export const days = () => z.union([z.literal('daily'), z.array(z.enum(daysOfWeek)).min(1).max(7)]);
export const timeZone = () =>
  z
    .string()
    .max(100)
    .refine(isTimeZone, { error: 'time-zone' satisfies Form });
