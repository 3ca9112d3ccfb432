"""Sentences of our own: what the proof compares on, and what serving must reproduce."""

import itertools
import random

_SUBJECTS = ("this book", "the film", "her second novel", "the ending", "every chapter", "the plot", "our hotel room")
_VERBS = ("is", "was", "felt", "seemed", "turned out to be", "has always been", "was, to be honest,")
_PRAISE = (
    "the best ever",
    "wonderful",
    "a delight from start to finish",
    "full of heart",
    "a small masterpiece",
    "surprisingly funny",
    "worth every penny",
    "beautifully made",
)
_COMPLAINTS = (
    "too complicated for me",
    "a complete waste of time",
    "boring",
    "painfully slow",
    "overrated",
    "a terrible mess",
    "not worth the money",
    "badly made",
)
_GLAD = ("", "!", ", and I would go back tomorrow.", ". Thank you!", " :)")
_SORRY = ("", ".", ", and I gave up halfway.", ". Never again!", " – sadly.")

_NEUTRAL = (
    "The film runs for two hours and ten minutes.",
    "This edition has 312 pages and an index.",
    "The library opens at nine on weekdays.",
    "Our train leaves from platform four.",
    "She bought the book on Monday and lent it to her brother.",
    "The second part was shot in Norway.",
    "It is raining in the north and dry in the south.",
    "The parcel weighs three kilograms.",
    "Who wrote the music for this film?",
    "Is breakfast part of the price?",
    "How many chapters does the novel have?",
    "Where can I change my booking?",
)
"""Facts and questions that hold no opinion."""

_AWKWARD = (
    "",
    " ",
    "?",
    "!!!",
    "a",
    "I",
    "ok",
    "not bad",
    "not good",
    "not bad at all",
    "this is the best book ever",
    "this book is too complicated for me",
    "Crème brûlée à la façon de señor Ångström",
    "Cre\u0300me bru\u0302le\u0301e",
    "İSTANBUL ıstanbul",
    "ΟΔΥΣΣΕΥΣ Σ ΑΣ. σς",
    "ﬁne oﬃce ﬆ ŉ Ǆ",
    "ＴＨＩＳ ｂｏｏｋ！",
    "这本书是最好的",
    "とても面白い本でした。ガギグ",
    "이 책은 최고예요",
    "هذا أفضل كتاب",
    "הספר הזה מְצֻיָּן",
    "यह सबसे अच्छी किताब है",
    "தமிழ் ভালো",
    "😀👍🏽👨‍👩‍👧‍👦❤️🏳️‍🌈🇳🇴",
    "so good😀bad 🥰🫠🪿 love❤️it 1️⃣",
    "😂😂😂 🤷🏾‍♀️ 🏃🏽‍♀️‍➡️ ❤️‍🔥 ☺︎ ★★★☆☆ ♡ :) :( <3 ;-) :/",
    "The BEST Film, Émile! ΟΔΥΣΣΕΥΣ ΑΣ Σ σς",
    "Schöne Grüße, çok güzel, очень хорошая, très déçu",
    "a\u0000b\u0001c\u0007d\u001be\u007ff\u0080g\u009fh\u00adi\u200bj\u200dk\u2060l\ufeffm\ufffdn",
    "one\u2028two\u2029three\u0085four\u000bfive\u000csix\u001cseven\u1680eight\u180enine",
    "\u202eevil\u202c \u061c\u061d",
    "a\ud800b \udc00 c\udbff",
    "a\ue000b\U000f0000c\u0378d\U0010ffffe",
    "\U00020000good\U0002a6dfbad\U0002b820",
    "“Well…”—he said: ‘no’!? ¿¡«»„‚‹›",
    "$5.00 + 3% <br /><br />&amp; a_b-c`d^e~f|g § ¶",
    "a" * 99,
    "ab" * 50,
    "a" * 101,
    "good " + "tele" * 37 + " bad",
    "é" * 100 + " " + "😀" * 50,
    "[MASK] this[MASK]that [mask] [CLS][SEP] [PAD]x[UNK] [MASK",
    "constructor __proto__ toString hasOwnProperty",
    "١٢٣ ½ ⅷ 𝟗 ② 10²",
    "𝓽𝓱𝓲𝓼 𝕚𝕤 𝐛𝐞𝐬𝐭 K Å Ω ℃",
    "Σ",
    "x" * 2000,
    "@user loved it!!! https://example.org/a?b=c #amazing",
    "THIS IS SO BAD",
    "gooooood",
    "10/10",
    "0/10 would not recommend",
    "great " * 700,
    "terrible " * 513,
    "good bad " * 300,
    "。" * 600,
)


def _combine(opinions: tuple[str, ...], tails: tuple[str, ...]) -> list[str]:
    return [" ".join(words) + tail for *words, tail in itertools.product(_SUBJECTS, _VERBS, opinions, tails)]


def _write_paragraphs(sentences: list[str], count: int, chooser: random.Random) -> list[str]:
    return [". ".join(chooser.sample(sentences, chooser.randint(2, 60))) for _ in range(count)]


def list_texts() -> list[str]:
    """At least 500 texts, the same on every run: what breaks tokenizers, facts, praise, complaints, paragraphs."""
    chooser = random.Random(20261124)
    praise, complaints = _combine(_PRAISE, _GLAD), _combine(_COMPLAINTS, _SORRY)
    short = chooser.sample(praise, 200) + chooser.sample(complaints, 200)
    long = _write_paragraphs(praise, 40, chooser) + _write_paragraphs(complaints, 40, chooser)
    return [*_AWKWARD, *_NEUTRAL, *short, *long]
