// BCP 47 tags of European languages by English name, so that a screen reader speaks a sample in its language.

const tags: Readonly<Record<string, string>> = {
  basque: 'eu', bulgarian: 'bg', catalan: 'ca', croatian: 'hr', czech: 'cs', danish: 'da', dutch: 'nl', english: 'en', estonian: 'et',
  finnish: 'fi', french: 'fr', galician: 'gl', german: 'de', greek: 'el', hungarian: 'hu', icelandic: 'is', irish: 'ga', italian: 'it',
  latvian: 'lv', lithuanian: 'lt', maltese: 'mt', norwegian: 'no', polish: 'pl', portuguese: 'pt', romanian: 'ro', serbian: 'sr',
  slovak: 'sk', slovenian: 'sl', spanish: 'es', swedish: 'sv', turkish: 'tr', ukrainian: 'uk',
};

export function language_tag(name: string): string {
  const key = name.toLowerCase();
  return Object.hasOwn(tags, key) ? tags[key] ?? '' : '';
}
