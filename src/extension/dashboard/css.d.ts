/** The bundler takes them along. */
declare module '*.css';
