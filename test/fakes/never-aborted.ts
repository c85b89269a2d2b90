/** For work that the test lets run to its end. */
export const neverAborted: AbortSignal = new AbortController().signal;
