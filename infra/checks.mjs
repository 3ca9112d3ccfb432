// Checks of a parameter's text. A check takes the text and returns the value, or throws an Error with the accepted values.

const refuse = (accepted) => {
  throw new Error(accepted);
};

/** A whole number from `low` to `high`. */
export const whole = (low, high) => (text) => {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < low || value > high)
    refuse(`a whole number from ${low} to ${high}`);
  return value;
};

/** A number from `low` to `high`. */
export const number = (low, high) => (text) => {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < low || value > high) refuse(`a number from ${low} to ${high}`);
  return value;
};

/** One of the words. */
export const oneOf =
  (...words) =>
  (text) =>
    words.includes(text) ? text : refuse(`one of ${words.join(', ')}`);

/** One of the numbers. */
export const oneOfNumbers =
  (...numbers) =>
  (text) =>
    numbers.includes(Number(text)) ? Number(text) : refuse(`one of ${numbers.join(', ')}`);

/** Text that matches a pattern; `accepted` describes it. */
export const matching = (pattern, accepted) => (text) => (pattern.test(text) ? text : refuse(accepted));

/** Comma-separated texts, each passing the check. */
export const list = (check) => (text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(check);

/** The word, with the value `null`, or a text that the check accepts. */
export const orWord = (word, check) => (text) => {
  if (text === word) return null;
  try {
    return check(text);
  } catch (error) {
    return refuse(`${word}, or ${error.message}`);
  }
};

/** One of the words, or a text that the check accepts. */
export const orOneOf = (words, check) => (text) => {
  if (words.includes(text)) return text;
  try {
    return check(text);
  } catch (error) {
    return refuse(`${words.join(', ')}, or ${error.message}`);
  }
};

const ranges = { minute: [0, 59], hour: [0, 23], day: [1, 31], month: [1, 12], weekday: [1, 7], year: [1970, 2199] };
const names = {
  month: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  weekday: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};
const isWithin = (field, text) => {
  const value = /^\d+$/.test(text) ? Number(text) : (names[field] ?? []).indexOf(text.toUpperCase()) + 1 || -1;
  return value >= ranges[field][0] && value <= ranges[field][1];
};
const isSpecial = (field, text) =>
  (field === 'day' && /^(L|\d{1,2}W|LW)$/.test(text)) ||
  (field === 'weekday' && /^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)?(L|#[1-5])$/i.test(text));
const isCronPart = (field, part) => {
  const [span, step, ...rest] = part.split('/');
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
  if (span === '*' || isSpecial(field, span)) return true;
  const ends = span.split('-');
  return ends.length <= 2 && ends.every((end) => isWithin(field, end));
};
const isCronField = (field, text) =>
  (text === '?' && (field === 'day' || field === 'weekday')) ||
  text.split(',').every((part) => isCronPart(field, part));

const cronAccepted =
  'cron(minute hour day month weekday year) with ? for the day or the weekday, as in cron(0 3 ? * SUN *), or rate(7 days)';

/** A schedule of EventBridge Scheduler: `cron(…)` with six fields, or `rate(…)`. */
export const schedule = (text) => {
  if (/^rate\(([1-9]\d*) (minutes?|hours?|days?)\)$/.test(text)) return text;
  const fields = /^cron\((.+)\)$/.exec(text)?.[1].trim().split(/\s+/);
  if (fields?.length !== 6) refuse(cronAccepted);
  const kinds = Object.keys(ranges);
  const isDayOpen = fields[2] === '?' || fields[4] === '?';
  if (!isDayOpen || !fields.every((field, index) => isCronField(kinds[index], field))) refuse(cronAccepted);
  return text;
};

/** A moment that comes again: `cron(…)` with six fields. */
export const cron = (text) => {
  if (text.startsWith('rate')) refuse('cron(minute hour day month weekday year), as in cron(0 7 ? * MON-FRI *)');
  return schedule(text);
};
