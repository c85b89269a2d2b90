/** Somebody with a place in the organisation, as the configuration and the keyboard give it. */
export interface Person {
  readonly name: string;
  readonly position?: string | undefined;
}
