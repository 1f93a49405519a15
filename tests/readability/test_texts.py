"""What LiNT-II is given to read: whole sentences, all that a letter may say, and likely facts."""

from tests.readability.texts import drawn, of_answers, sentences_of, value_of


def test_a_letter_says_all_that_it_may_and_what_it_says_otherwise():
    letter = drawn("messages/final_notice.nl.html", "body")
    assert {"U bent nu in verzuim.", "Praktijk Jansen is nu in verzuim."} <= set(letter)
    assert "Is het geld uiterlijk op 12 januari bij ons binnen?" in letter
    assert len(letter) == len(set(letter))


def test_a_label_is_no_sentence():
    assert sentences_of("Te betalen <strong>€ 45,50</strong>") == []
    assert sentences_of("U betaalt <b>nu</b>. Dat is gratis.") == ["U betaalt nu.", "Dat is gratis."]


def test_a_fact_is_of_the_sort_that_stands_there():
    assert [value_of(name) for name in ("amount", "last_day", "provider", "count")] == [
        "€ 45,50", "12 januari", "Praktijk Jansen", "12",
    ]  # fmt: skip


def test_every_answer_of_the_faq_is_read():
    assert sum(len(sentences) for sentences in of_answers().values()) > 200
