/** Somebody with a place in the organisation, as the configuration gives them. */
export interface Person {
  readonly name: string;
  readonly position?: string | undefined;
}

/** Whoever says something that a record keeps. */
export interface Signer {
  readonly name: string;
  readonly position: string;
}
