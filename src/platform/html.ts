/**
 * Text as HTML shows it. Names of files may hold anything: markup, control characters, and marks that turn the reading direction round;
 * tabs and line feeds stay.
 */
export function escapeHtml(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
