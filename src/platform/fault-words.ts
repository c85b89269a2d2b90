/** What lower rooms name by one word, by a code of the system or in English, as people read it. */
export interface FaultWords {
  /** Kinds of exceptions that jobs name. */
  readonly kinds: Readonly<Record<string, string>>;
  /** System codes that an administrator meets. */
  readonly systemCodes: Readonly<Record<string, string>>;
  /** Reasons, with `…` for a value in one. English needs none. */
  readonly reasons: Readonly<Record<string, string>>;
}
