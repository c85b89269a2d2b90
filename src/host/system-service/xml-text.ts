/** Text between tags. What XML 1.0 has no form for cannot stand in a path of the systems that read these files. */
export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
