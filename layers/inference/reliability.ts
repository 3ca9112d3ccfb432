/**
 * Whether an answer can be relied on: whether the model reads the text's tokens, and whether the text is English, as the
 * models that this project trains are. The words that sentences of a language are built with decide, not a detector package:
 * docs/decisions/0063-function-words-for-language.md.
 */
import { specialTokens } from './tokenizer.ts';
import type { TokenCount } from './types.ts';

/** Why an answer is not reliable. */
export type UnreliableReason = 'language' | 'unknown_tokens';

/** More of the tokens than this may not be unknown. */
const unknownShare = 1 / 3;

/** A text of fewer words says too little about its language. */
const fewestWords = 3;

/**
 * Where no such word decides, the tokens of a word do: English has 1.0 to 1.5 of them, other languages in Latin letters 1.5 to
 * 4, because the vocabulary is English.
 */
const englishTokensPerWord = 1.6;

/** UTF-16 units that are looked at: enough for any language. */
const longest = 2000;

const toSet = (words: string) => new Set(words.trim().split(/\s+/));

/** Articles, pronouns, prepositions, auxiliaries and the like, also as tweets write them. */
const english = toSet(`
  a about after again all also am an and any are as at be because been before being but by can cant could did didnt
  do does doesnt doing dont down even ever every for from get go going gonna good got had has have he her here him
  his how i id if ill im in into is isnt it its ive just know let like lol made make many me more most much my never
  new no not now of off ok on one only or other our out over people really same see she should since so some still
  such than thanks that thats the their them then there they this those through to today too u until up ur us very
  wanna want was way we well were what when where which who why will with wont would yes you your youre`);

/**
 * The same of German, French, Spanish, Italian, Portuguese, Dutch, Turkish, Polish, Swedish, Norwegian, Hungarian, Finnish,
 * Romanian, Tagalog, Indonesian and Vietnamese.
 */
const foreign = toSet(`
  aber alles als auch auf aus bei bin bis damit dann das dass dem den der des dich diese diesem diesen dieser dieses
  dir doch durch ein eine einem einen einer es etwas für ganz gegen gibt habe haben hat heute hier ich ihr ihre im
  immer ist jetzt kann kein keine können man mehr mein meine mich mir mit nach nicht nichts nie noch nur oder ohne
  schon sehr sein seine sich sie sind über und uns unsere vom von vor war waren warum wenn wer werden wie wieder wir
  wird wurde zu zum zur
  à au aux avec bien ce cette ces c'est dans de des du elle est et était faire fait il ils j'ai je l'on la le les
  leur lui mais mes moi mon même n'est ne nos notre nous on ont où par pas plus pour qu'il que qui sa sans ses si
  son sont suis sur très tu un une vos votre vous
  al algo con como cuando de del desde el ella en era esta está este esto están fue ha hay la las lo los más me mi
  muy nada nadie no nos nunca para pero por porque que qué se sin sobre son su sus también te tiene todo un una uno
  y ya yo
  anche che ci come con da dal del della di dopo e gli ha ho i il in io la le lei lo ma mi molto nel nella non per
  perché più questa questo se sei si sono stato su sul tutto un una è
  ao as com da das de do dos e ela ele em esta foi isso mais mas me mesmo muito na nas no não nos o os ou para pela
  pelo por quando que se sem seu sua também tem um uma você é
  aan als bij dat de den deze die dit dan een en er geen had heb heeft het hij hoe ik in is je kan maar met mijn
  naar niet nog of om ons ook op over te tot uit van veel voor was wat we wel wij worden zal ze zeer zich zijn zo
  zou
  ama ben biz bir bu çok da daha de değil diye en gibi hiç her için ile kadar ki mi mı ne o olan olarak oldu siz
  sonra şey şu var ve veya ya yok
  ale bo być był była co czy dla do jak jest już ma mnie na nie od po przez się są tak tego też to tylko w za z że
  att av den det du efter en ett från för han har hon inte jag kan med men mig mycket när och om på sig som till var
  vi är
  aeg af ikke jeg og på til hva ei
  az egy és hogy nem van ez csak meg
  ja ei on että se oli mutta niin kun hän ovat
  că cu din este fi în mai nu pe sau si și
  ang ako hindi mga ng sa
  yang dan di ini itu tidak untuk dengan saya
  của không và là có cho tôi`);

/** 1 for a word of English, −1 for one of other languages, 0 for one that they share or that is in neither list. */
const vote = (word: string) => Number(english.has(word.replaceAll("'", ''))) - Number(foreign.has(word));

const patterns = {
  /** What tweets have beside their language. */
  address: /https?:\/\/\S+|[@#]\S+/g,
  anyWord: /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu,
  symbol: /[^\s\p{L}\p{M}\p{N}]/gu,
  word: /\p{L}[\p{L}\p{M}'’]*/gu,
  letter: /\p{L}/gu,
  ascii: /^[\0-\x7f]*$/,
  /** What `word` finds in ASCII, in half of the time. */
  asciiWord: /[A-Za-z][A-Za-z']*/g,
  latin: /\p{Script=Latin}/gu,
  foreignLetter: /[^\P{L}\p{Script=Latin}]/u,
};

/**
 * Judges whether an answer is reliable. Returns the reason if it is not: `unknown_tokens` if the model does not know a third
 * of the tokens, `language` if the text is not English. It takes a few microseconds for a sentence.
 *
 * @param text - only its first 2,000 characters are looked at.
 * @param tokens - `[CLS]` and `[SEP]` included.
 */
export function judgeReliability(text: string, { tokens, unknown }: TokenCount): UnreliableReason | undefined {
  const sample = text.slice(0, longest);
  if (!isEnglish(sample, tokens * (text === '' ? 1 : sample.length / text.length))) return 'language';
  return unknown > tokens * unknownShare ? 'unknown_tokens' : undefined;
}

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

/** Whether more letters are of other scripts. Most texts have none, which is known without counting. */
const isOfOtherScript = (text: string) =>
  patterns.foreignLetter.test(text) && count(text, patterns.latin) < count(text, patterns.letter) / 2;

function isEnglish(text: string, tokens: number): boolean {
  const plain = text.replace(patterns.address, ' ');
  const isAscii = patterns.ascii.test(plain);
  if (!isAscii && isOfOtherScript(plain)) return false;
  const pattern = isAscii ? patterns.asciiWord : patterns.word;
  const words = plain.toLowerCase().replaceAll('’', "'").match(pattern) ?? [];
  if (words.length < fewestWords) return true;
  const votes = words.reduce((sum, word) => sum + vote(word), 0);
  if (votes !== 0) return votes > 0;
  const tokensOfWords = tokens - specialTokens - count(text, patterns.symbol);
  return tokensOfWords < count(text, patterns.anyWord) * englishTokensPerWord;
}
