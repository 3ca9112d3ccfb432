"""The emoji as tokens of a base: which rows its embeddings gain, and what stays as it was."""

import json
import subprocess
from pathlib import Path

import pytest
import torch
from conftest import Run
from safetensors.torch import load_file, save_file

from add_emoji import EMBEDDINGS, EMOJI, add_emoji, read_names
from data.tokenizer import encode, load_tokenizer
from errors import InputError

NAMES = {"😀": "good", "❤": "great film", "👍": "very good", "🏳": "plot"}
SCRIPT = Path(__file__).parents[2] / "training" / "add_emoji.py"


@pytest.fixture
def made(tiny_base: Path, tmp_path: Path) -> Path:
    assert add_emoji(tiny_base, tmp_path / "made", NAMES) == len(NAMES)
    return tmp_path / "made"


def test_a_row_starts_as_the_mean_of_the_pieces_of_its_name(tiny_base: Path, made: Path) -> None:
    before, after = load_file(tiny_base / "model.safetensors"), load_file(made / "model.safetensors")
    tokenizer = load_tokenizer(made)
    great, film, heart = map(tokenizer.token_to_id, ("great", "film", "❤"))
    assert torch.equal(after[EMBEDDINGS][heart], before[EMBEDDINGS][[great, film]].mean(dim=0))
    assert json.loads((made / "config.json").read_text())["vocab_size"] == len(after[EMBEDDINGS])


def test_everything_else_is_kept_bit_for_bit(tiny_base: Path, made: Path) -> None:
    before, after = load_file(tiny_base / "model.safetensors"), load_file(made / "model.safetensors")
    known = load_tokenizer(tiny_base).get_vocab_size()
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        kept = known if name == EMBEDDINGS else len(tensor)
        assert torch.equal(after[name][:kept], tensor[:kept])
    assert (made / "vocab.txt").read_bytes() == (tiny_base / "vocab.txt").read_bytes()


def test_a_matrix_without_spare_rows_grows(tiny_base: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    weights, known = load_file(tiny_base / "model.safetensors"), load_tokenizer(tiny_base).get_vocab_size()
    save_file({**weights, EMBEDDINGS: weights[EMBEDDINGS][:known].clone()}, cut / "model.safetensors")
    for name in ("config.json", "vocab.txt"):
        (cut / name).write_bytes((tiny_base / name).read_bytes())
    add_emoji(cut, tmp_path / "made", NAMES)
    assert len(load_file(tmp_path / "made" / "model.safetensors")[EMBEDDINGS]) == known + len(NAMES)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("so good👍🏽!", "so good 👍 !"), ("❤️", "❤"), ("😀\u200d♀️", "😀"), ("🇳🇴", "🏳"), ("1️⃣", "1")],
)
def test_variants_are_read_like_the_emoji(made: Path, text: str, plain: str) -> None:
    tokenizer = load_tokenizer(made)
    (folded, expected) = encode(tokenizer, [text, plain], 48)
    assert folded == expected
    assert tokenizer.token_to_id("[UNK]") not in folded[0]


def test_a_base_that_has_the_emoji_is_left_alone(made: Path, tmp_path: Path) -> None:
    assert add_emoji(made, tmp_path / "again", NAMES) == 0
    assert not (tmp_path / "again").exists()


def test_further_emoji_join_those_of_before(made: Path, tmp_path: Path) -> None:
    assert add_emoji(made, tmp_path / "more", {**NAMES, "😡": "bad"}) == 1
    before, after = load_tokenizer(made), load_tokenizer(tmp_path / "more")
    assert [after.token_to_id(emoji) for emoji in NAMES] == [before.token_to_id(emoji) for emoji in NAMES]


def test_an_emoji_that_the_vocabulary_cannot_take_is_named(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no word piece of the name of 😀 \(лицо\), 👍 \(да\); leave them out"):
        add_emoji(tiny_base, tmp_path / "made", {"😀": "лицо", "❤": "red heart", "👍": "да"})
    assert not (tmp_path / "made").exists()


def test_every_wrong_line_of_a_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# a comment\n😀\tgood\n👍\n\n❤\tred\theart\n", "utf-8")
    with pytest.raises(InputError) as raised:
        read_names(tmp_path / "list.txt")
    assert [sentence.split(": ")[1] for sentence in raised.value.sentences] == [
        'line 3 is not "emoji<TAB>name".',
        'line 5 is not "emoji<TAB>name".',
    ]


def test_the_command_makes_a_base_that_trains(preloaded: str, tiny_base: Path, tmp_path: Path, train: Run) -> None:
    command = [preloaded, str(SCRIPT), str(tiny_base), str(tmp_path / "base")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{tmp_path / 'base'}: {len(read_names(EMOJI))} emoji added.\n", done.stderr
    assert train(bert_path=tmp_path / "base", tolerance=1).returncode == 0
    (version,) = (tmp_path / "models" / "versions").iterdir()
    cases = json.loads((version / "golden.json").read_text())["cases"]
    (ids,) = [case["ids"] for case in cases if case["text"].startswith("😀👍🏽👨")]
    assert load_tokenizer(version).token_to_id("[UNK]") not in ids
    again = subprocess.run([*command[:2], str(tmp_path / "base"), "x"], capture_output=True, text=True, check=False)
    assert again.stdout == f"{tmp_path / 'base'} has all of it already; nothing was written.\n"
