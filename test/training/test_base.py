"""Which folders are a BERT that can be trained, and how each kind of it reads a text."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from kinds import KINDS, write_kind
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from data.tokenizer import load_tokenizer
from model.base import check_base

Change = Callable[[Path], None]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_kind(tmp_path / "base", KINDS["uncased"])


def list_problems(folder: Path) -> list[str]:
    problems: list[str] = []
    assert check_base(folder, problems) == (not problems)
    return problems


def configure(**fields: Any) -> Change:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **fields}))

    return change


def write(name: str, text: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_text(text, "utf-8")

    return change


def save_byte_pairs(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_bert_is_accepted(kind: str, tmp_path: Path) -> None:
    assert list_problems(write_kind(tmp_path, KINDS[kind])) == []


def test_an_old_configuration_without_a_type_is_accepted(base: Path) -> None:
    config = json.loads((base / "config.json").read_text())
    del config["model_type"]
    (base / "config.json").write_text(json.dumps(config))
    assert list_problems(base) == []


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (configure(model_type="roberta"), ["config.json says model_type roberta; only bert can be trained here."]),
        (
            configure(model_type="nezha", position_embedding_type="relative_key"),
            [
                "config.json says model_type nezha; only bert can be trained here.",
                "config.json says position_embedding_type relative_key; only absolute can be trained here.",
            ],
        ),
        (configure(vocab_size=50), ["the tokenizer has ids up to 103, and config.json says vocab_size 50."]),
        (write("config.json", "no"), ["config.json is not JSON: Expecting value: line 1 column 1 (char 0)."]),
        (write("vocab.txt", "[UNK]\ngood\n"), ["vocab.txt lacks [CLS], [SEP], which BERT's vocabulary must have."]),
        (write("tokenizer.json", "{}"), ["tokenizer.json is no tokenizer"]),
        (write("tokenizer_config.json", "["), ["tokenizer_config.json is not JSON"]),
        (
            write("tokenizer_config.json", '{"tokenizer_class": "BertJapaneseTokenizer"}'),
            ["names a BertJapaneseTokenizer, which needs more than vocab.txt; give its tokenizer.json."],
        ),
        (
            save_byte_pairs,
            [
                "the tokenizer's model is BPE, and BERT's is WordPiece.",
                "the tokenizer's pre-tokenizer is ByteLevel, and BERT's is BertPreTokenizer.",
                "the tokenizer's normalizer is NFC, and BERT's is BertNormalizer or Replace.",
                "the tokenizer's normalizer is Lowercase, and BERT's is BertNormalizer or Replace.",
            ],
        ),
    ],
)
def test_another_base_is_named_in_one_sentence_each(base: Path, change: Change, sentences: list[str]) -> None:
    change(base)
    problems = list_problems(base)
    assert len(problems) == len(sentences)
    assert all(problem.startswith(str(base)) for problem in problems)
    assert all(sentence in problem for sentence, problem in zip(sentences, problems, strict=True))


def test_a_run_names_the_other_model_before_it_trains(base: Path, train: Run) -> None:
    configure(model_type="distilbert")(base)
    done = train(bert_path=base, epochs=0)
    assert done.returncode == 2
    assert "config.json says model_type distilbert; only bert can be trained here." in done.stderr


@pytest.mark.parametrize(
    ("kind", "text", "tokens"),
    [
        ("uncased", "The Σ Été", ["[CLS]", "the", "[UNK]", "e", "##t", "##e", "[SEP]"]),
        ("cased", "The Σ Été the", ["[CLS]", "The", "Σ", "É", "##t", "##é", "the", "[SEP]"]),
        ("multilingual", "É本书 Σ ς", ["[CLS]", "É", "##本", "##书", "Σ", "ς", "[SEP]"]),
        ("uncased with accents", "GOOD Böß ÉΣ ς", ["[CLS]", "good", "b", "##ö", "##ß", "[UNK]", "ς", "[SEP]"]),
        ("whole words", "The film was goods", ["[CLS]", "the", "film", "was", "[UNK]", "[SEP]"]),
    ],
)
def test_a_vocabulary_is_read_as_its_configuration_says(
    kind: str, text: str, tokens: list[str], tmp_path: Path
) -> None:
    assert load_tokenizer(write_kind(tmp_path, KINDS[kind])).encode(text).tokens == tokens
