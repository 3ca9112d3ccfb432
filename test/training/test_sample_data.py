"""The sample model's files: three classes of tweets, and no held-out text among the training rows."""

from pathlib import Path

from sample_data import main, read, write

SENTIMENTS = ("negative", "neutral", "positive")


def test_neutral_tweets_are_in_training_and_validation_and_no_text_is_in_both(tmp_path: Path) -> None:
    tweets = [(f"Tweet {number} about nothing", SENTIMENTS[number % 3]) for number in range(300)]
    others = [(f"Review {number}", SENTIMENTS[number % 2 * 2]) for number in range(40)]
    write(tmp_path / "semeval2013_2016_train.csv.gz", tweets)
    for name in ("sst2_train_phrases", "sst2_train_sentences", "imdb_train", "imdb_valid"):
        write(tmp_path / f"{name}.csv.gz", [(f"{name} {text}", sentiment) for text, sentiment in others])
    main(tmp_path, tmp_path / "out")
    held_out, training, short = (read(tmp_path / "out" / f"{name}.csv.gz") for name in ("tweets", "train", "short"))
    for rows in (held_out, [row for row in training if row[0].startswith("Tweet")]):
        assert {sentiment for _, sentiment in rows} == set(SENTIMENTS)
    assert sorted(set(tweets) & {*held_out, *training}) == sorted(tweets)
    assert not {text for text, _ in held_out} & {text for text, _ in training}
    assert 15 < len(held_out) < 45
    reviews = [row for row in training if row[0].startswith("imdb_train")]
    assert len(reviews) == 40 and [*reviews, *short] == training
