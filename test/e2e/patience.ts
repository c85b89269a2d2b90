/** For all that a window is to show: far above what a busy machine needs, so that only what never comes is given up. */
export const patienceMs = 120_000;
